"""SERVERware of a lab: a service that speaks its REST interface over the lab's real appliances.

What is observed of the real one (header, envelope, paths of the GETs and of the restart, ``task``, secrets in records)
is so here; everything else (clone, restore, start, stop, storage, ``last_task``) is invented, and named by lab.yaml.
"""
