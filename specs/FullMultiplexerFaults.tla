----------------------- MODULE FullMultiplexerFaults ------------------------
(***************************************************************************)
(* Planted faults of the multiplexer in full, named as in                  *)
(* models/faults_full.py and faults_waiting.py.  F_X is what the           *)
(* definition X of FullMultiplexer.tla becomes under the fault F; Sound!X  *)
(* is X as it should be.                                                   *)
(***************************************************************************)
EXTENDS FullMultiplexer

Sound == INSTANCE FullMultiplexer

Reversed(queue) == [i \in DOMAIN queue |-> queue[Len(queue) + 1 - i]]

\* A push is given to the oldest request in flight.
PushIsAReply_Received(p) ==
    IF p.part = <<PUSH>> /\ p.in_flight # <<>>
    THEN [Plain!Received([p EXCEPT !.wire = <<PUSH>> \o @]) EXCEPT !.part = <<>>]
    ELSE Sound!Received(p)

\* The connection is lost in the middle of a reply; its first half is completed by the next one.
HalfReplyKept_Disconnected(p) == [Gone(p) EXCEPT !.part = p.part]

\* The connection is lost; what was in flight goes back to the backlog.
SentAgain_Disconnected(p) ==
    LET Live(entry) == entry[2] IN
    [Gone(p) EXCEPT !.callers = p.callers, !.backlog = SelectSeq(p.in_flight, Live) \o p.backlog]

\* The connection is lost; those whose requests were not written yet are not told.
BacklogForgotten_Disconnected(p) ==
    LET forgotten == {request[1] : request \in Plain!Owed(p.backlog)} IN
    [Gone(p) EXCEPT !.callers = [c \in Callers |-> IF c \in forgotten THEN p.callers[c] ELSE @[c]]]

\* The connection is lost; everybody is told, and what was not written yet is written all the same.
BacklogKept_Disconnected(p) == [Gone(p) EXCEPT !.backlog = p.backlog]

\* The backlog is written from its end.
LastInFirstWritten_Flushed(p) ==
    [Sound!Flushed([p EXCEPT !.backlog = Reversed(@)]) EXCEPT !.backlog = Reversed(@)]

\* What its caller has given up in the backlog is written as if nothing had happened.
GivenUpIsWritten_MayFlush == Len(in_flight) < MaxInFlight
GivenUpIsWritten_Flushed(p) ==
    LET request == Head(p.backlog)[1]  live == Head(p.backlog)[2]
        q == Written([p EXCEPT !.backlog = Tail(@)], request)
    IN  IF live THEN q ELSE Cancelled(q, request[1])

\* All of the backlog is written, however much is in flight.
UnboundedInFlight_MayFlush == TRUE

\* Without a connection nothing is in flight, so nothing is refused.
UnboundedBacklog_MayAccept == up => Sound!MayAccept

\* A closed multiplexer accepts the next request as if it had only lost its connection.
OpenedByUse_MayUse == TRUE

\* A push is read before the replies that came before it: no state is wrong, but pushes can go on
\* for ever.
PushesFirst_HalfRead(p) ==
    LET IsPush(message) == ~IsReply(message) IN
    Sound!HalfRead([p EXCEPT !.wire = SelectSeq(@, IsPush) \o SelectSeq(@, IsReply)])
=============================================================================
