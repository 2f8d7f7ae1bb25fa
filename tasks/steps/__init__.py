"""The ``@task`` functions: the only place where wire meets the packages that compute. No parsing, no judging."""
