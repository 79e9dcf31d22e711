------------------------- MODULE MultiplexerFaults --------------------------
(***************************************************************************)
(* Planted faults of the multiplexer, named as in models/faults.py.  F_X   *)
(* is what the definition X of Multiplexer.tla becomes under the fault F;  *)
(* Sound!X is X as it should be.                                           *)
(***************************************************************************)
EXTENDS Multiplexer

Sound == INSTANCE Multiplexer

Reversed(queue) == [i \in DOMAIN queue |-> queue[Len(queue) + 1 - i]]

\* A reply goes to the youngest request in flight.
ReplyToLast_Received(p) ==
    [Sound!Received([p EXCEPT !.in_flight = Reversed(@)]) EXCEPT !.in_flight = Reversed(@)]

\* A caller is cancelled; its request is forgotten, but the reply still comes.
NoTombstone_Cancelled(p, c) ==
    LET Remains(entry) == entry[1] # <<c, p.callers[c][2]>> IN
    [Sound!Cancelled(p, c) EXCEPT !.in_flight = SelectSeq(@, Remains)]

\* A caller is cancelled; its request is still in flight as if somebody waited for the reply.
LiveTombstone_Cancelled(p, c) == [Sound!Cancelled(p, c) EXCEPT !.in_flight = p.in_flight]

\* The connection is lost; replies that were on their way are read from the next one.
StaleReplies_Disconnected(p) == [Sound!Disconnected(p) EXCEPT !.wire = p.wire]

\* The connection is lost; its requests keep their places, for replies that never come.
StaleTombstones_Disconnected(p) ==
    LET Dead(entry) == <<entry[1], FALSE>> IN
    [Sound!Disconnected(p) EXCEPT !.in_flight = [i \in DOMAIN p.in_flight |-> Dead(p.in_flight[i])]]

\* The connection is lost; nobody tells those who wait.
ForgottenCallers_Disconnected(p) == [Sound!Disconnected(p) EXCEPT !.callers = p.callers]
=============================================================================
