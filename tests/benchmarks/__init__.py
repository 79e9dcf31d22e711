"""How fast the reference is beside what people use today: `make bench`.

Read in this order:

    targets             what is compared with what, and what is to be reached
    cells               what one sample measures: a subject, and how many callers it has
    subjects_asyncio    how each client is set up, as its own documentation recommends
    subjects_threads    the same for threads
    closed_loop         callers that ask again as soon as they are answered
    borrowing           acquire and release alone, no input or output
    waiting             the memory that a call takes until it is answered
    sample              one of these, once, in a process of its own
    server              a real Valkey on a loopback port
    rounds              samples in turn, round after round
    figures             medians, ratios and their ranges
    table, plot, files  what people look at
    profiling           where the time of one command goes

A virtual machine has neighbours, and its speed doubles and halves within minutes. So no figure here stands
alone. Each round takes one sample of everything, and two subjects are compared within a round before the
median is taken over the rounds; the range beside it tells how far to trust it. The time that the processor
spent on 100,000 commands is steadier than commands per second, and is measured, too.
"""
