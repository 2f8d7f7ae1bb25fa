"""Where orders come from and are answered: desks (Freshdesk), stores that post, CSV files."""
