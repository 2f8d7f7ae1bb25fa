"""Host names are looked up in threads, because the system's resolver waits: as many at once as systems are visited."""
from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor


def look_up_at_once(most: int) -> None:
    """Give the running loop so many threads for names.

    A loop's own default is a handful (cores + 4): that many names whose server is dead would keep every other system
    from being connected to within its time.
    """
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(most, thread_name_prefix="names"))
