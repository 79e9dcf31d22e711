"""The simulated world of clients that block, whose callers are threads.

Such a client runs unmodified, and so does the standard library's own Python under it: `threading`, `queue`,
`socket`, `selectors` and whatever else is built on the C modules `_thread`, `_socket`, `select` and `time` is
executed again on simulated ones. Condition, Event, Semaphore, Queue, ThreadPoolExecutor, `create_connection`
and `makefile` are then CPython's, with their own races. Read in this order:

    scheduler.py, thread.py           who runs: greenlets, virtual time, the plan's choices
    locks.py, starting.py, local.py   _thread
    clock.py                          time
    kernel.py, endpoint.py            the network, and what an operating system knows of a TCP socket
    sockets.py                        _socket
    polling.py                        select
    statements.py                     a call before each statement of the client
    modules.py, install.py            put it all in place
    world.py                          runs plans
"""
