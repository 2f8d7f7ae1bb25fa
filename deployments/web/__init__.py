"""What Uplift serves over HTTP. For now: the webhooks of desks and stores."""
