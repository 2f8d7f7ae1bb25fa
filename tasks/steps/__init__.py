"""The ``@task`` functions: the only place where the wire meets the packages that compute. No parsing, no judging here."""
