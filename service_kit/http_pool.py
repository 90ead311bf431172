"""How connections to other servers are kept, so that none is lost to who stopped waiting.

httpcore lets requests wait for one of so many connections. Where one is given up in the moment it
gets its connection, that place is taken for good (1.0.9), and with all of them taken nobody is ever
answered again. So nobody waits there: what must be bounded is bounded by who asks.
"""

import httpx

NO_QUEUE = httpx.Limits(max_connections=None, max_keepalive_connections=20)
