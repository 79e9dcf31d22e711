-------------------------- MODULE FullMultiplexer ---------------------------
(***************************************************************************)
(* The multiplexer in full: a backlog with bounds, pushes, replies that    *)
(* come in pieces, and an end.                                             *)
(*                                                                         *)
(*   caller --Send--> backlog --Flush--+-> in_flight                       *)
(*                                     +-> server                          *)
(*                                                                         *)
(*   server --Serve--+-> wire --Read--> part --Receive, with the oldest    *)
(*             Push--+                           in flight--> caller       *)
(*                                                                         *)
(* A request is accepted first (Send) and written later (Flush), connected *)
(* or not; one Flush writes one.  What was given up in the backlog is      *)
(* dropped when its turn comes, and never sent.  A reply is read in two    *)
(* pieces (Read, Receive), so that a connection can be lost in the middle  *)
(* of it.  A push is a message that nobody asked for; it goes the way of   *)
(* the replies and settles nobody.                                         *)
(*                                                                         *)
(* When a connection is lost, or could not be made, everybody who waits is *)
(* told, in the backlog as well.  The same happens at the close.           *)
(*                                                                         *)
(* Plain!X is X of Multiplexer.tla.  Whatever Plain does to a record of    *)
(* its own variables it does to a larger record too, and leaves the rest.  *)
(* The same machine stands in models/full_multiplexer.py.                  *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS
    Callers, Requests, Connections,  \* as in Multiplexer.tla
    MaxInFlight,                     \* how many requests may be in flight
    MaxBacklog                       \* how many more may be accepted

VARIABLES
    callers, in_flight, server, wire, up, epoch,   \* as in Multiplexer.tla
    backlog,       \* of each request that has not been written: <<request, live>>
    written,       \* of each caller: the number of the last of its requests that was written
    part,          \* what has been read half: <<message>>, or <<>>
    closed         \* whether the multiplexer has been closed

vars == <<callers, in_flight, server, wire, up, epoch, backlog, written, part, closed>>

Plain == INSTANCE Multiplexer

PUSH == <<-1, 0>>
IsReply(message) == message # PUSH
Accepted == in_flight \o backlog

-----------------------------------------------------------------------------
(* Effects.                                                                *)

Now == [callers |-> callers, in_flight |-> in_flight, server |-> server, wire |-> wire,
        up |-> up, epoch |-> epoch,
        backlog |-> backlog, written |-> written, part |-> part, closed |-> closed]

Kept(p, request) == [Plain!Asks(p, request[1]) EXCEPT !.backlog = Append(@, <<request, TRUE>>)]

Written(p, request) == [Plain!Written(p, request) EXCEPT !.written[request[1]] = request[2]]

\* The oldest request in the backlog is written, or dropped if its caller is gone.
Flushed(p) ==
    LET request == Head(p.backlog)[1]  live == Head(p.backlog)[2]
        q == IF live THEN Written(p, request) ELSE p
    IN  [q EXCEPT !.backlog = Tail(@)]

HalfRead(p) == [p EXCEPT !.part = <<Head(p.wire)>>, !.wire = Tail(@)]

\* The rest of the message has come: a reply is for the oldest in flight, a push for nobody.
Received(p) ==
    LET q == IF p.part = <<PUSH>> THEN p ELSE Plain!Received([p EXCEPT !.wire = p.part \o @])
    IN  [q EXCEPT !.part = <<>>]

Cancelled(p, c) == [Plain!Cancelled(p, c) EXCEPT !.backlog = Plain!GivenUp(@, c)]

Gone(p) == [Plain!Disconnected(p) EXCEPT !.backlog = <<>>, !.part = <<>>]

\* Everybody who waits is told, and all that was said is gone.
Disconnected(p) == Gone(p)

Closed(p) == [Gone(p) EXCEPT !.closed = TRUE]

-----------------------------------------------------------------------------
(* Actions.                                                                *)

Becomes(p) ==
    /\ Plain!Becomes(p)
    /\ backlog' = p.backlog
    /\ written' = p.written
    /\ part'    = p.part
    /\ closed'  = p.closed

Init ==
    /\ Plain!Init
    /\ backlog = <<>>
    /\ written = [c \in Callers |-> 0]
    /\ part    = <<>>
    /\ closed  = FALSE

\* At the bound a request is turned away at once, connected or not.
MayAccept == Len(in_flight) + Len(backlog) < MaxInFlight + MaxBacklog
MayUse    == ~closed

\* To drop a request needs no room.
MayFlush == Len(in_flight) < MaxInFlight \/ ~Head(backlog)[2]

Send(c) ==
    /\ MayUse /\ Plain!Phase(c) = "out" /\ Plain!Sent(c) < Requests /\ MayAccept
    /\ Becomes(Kept(Now, <<c, Plain!Sent(c) + 1>>))

Cancel(c)  == ~closed /\ Plain!Phase(c) = "waiting" /\ Becomes(Cancelled(Now, c))
Flush      == up /\ backlog # <<>> /\ MayFlush = TRUE /\ Becomes(Flushed(Now))
Serve      == up /\ server # <<>> /\ Becomes(Plain!Served(Now))

\* One push at a time is enough to come between any two replies.
Push       == up /\ (\A i \in DOMAIN wire : IsReply(wire[i])) /\ part # <<PUSH>>
                 /\ Becomes([Now EXCEPT !.wire = Append(@, PUSH)])

Read       == up /\ wire # <<>> /\ part = <<>> /\ Becomes(HalfRead(Now))
Receive    == up /\ part # <<>> /\ (IsReply(part[1]) => in_flight # <<>>) /\ Becomes(Received(Now))
Disconnect == up /\ Becomes(Disconnected(Now))
DialFail   == ~closed /\ ~up /\ backlog # <<>> /\ Becomes(Disconnected(Now))
Reconnect  == ~closed /\ ~up /\ epoch < Connections /\ Becomes(Plain!Reconnected(Now))
Close      == ~closed /\ Becomes(Closed(Now))
Done       == closed /\ UNCHANGED vars

Next ==
    \/ \E c \in Callers : Cancel(c) \/ Send(c)
    \/ Disconnect \/ Flush \/ Serve \/ Push \/ Read \/ Receive
    \/ Reconnect \/ DialFail \/ Close \/ Done

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
(* What holds in every state.                                              *)

\* CONN-01, MUX-01, MUX-06: a caller that has a reply has the one to its own last request.
RightReply == Plain!RightReply

\* MUX-02, MUX-08: the k-th request in flight is the one that the k-th reply to come will answer.
InStep ==
    up => [i \in DOMAIN in_flight |-> in_flight[i][1]] = SelectSeq(part \o wire, IsReply) \o server

\* CALL-02: a request that can still be answered has its caller waiting for it, and has one place.
SettledOnce == Plain!OwedOnce(Accepted)

\* CALL-02, MUX-06: whoever waits has a request in the backlog or in flight.
NobodyLeftWaiting == Plain!OwedToAll(Accepted)

\* CALL-07: the requests of a caller stand in the queues in the order in which it sent them.
OrderPerCaller ==
    \A i, j \in DOMAIN Accepted :
        i < j /\ Accepted[i][1][1] = Accepted[j][1][1] => Accepted[i][1][2] < Accepted[j][1][2]

\* CALL-05: no request that has been written is to be written again.
NothingResent == \A i \in DOMAIN backlog : backlog[i][1][2] > written[backlog[i][1][1]]

\* LIFE-02, LIFE-04: a closed multiplexer has no connection and owes nobody anything.
ClosedMeansClosed ==
    closed =>
        /\ ~up /\ in_flight = <<>> /\ server = <<>> /\ wire = <<>> /\ backlog = <<>> /\ part = <<>>
        /\ \A c \in Callers : Plain!Phase(c) # "waiting"

\* MUX-05: neither what is in flight nor what is accepted exceeds its bound.
BoundKept == Len(in_flight) <= MaxInFlight /\ Len(Accepted) <= MaxInFlight + MaxBacklog

-----------------------------------------------------------------------------
(* What holds of every step.                                               *)

\* CALL-04, MUX-07: what is written was the first in the backlog, and its caller still waits.
WrittenInTurn ==
    [][\A i \in DOMAIN in_flight' :
        \/ \E j \in DOMAIN in_flight : in_flight[j][1] = in_flight'[i][1]
        \/ backlog # <<>> /\ backlog[1] = <<in_flight'[i][1], TRUE>>]_vars

-----------------------------------------------------------------------------
(* What comes to pass sooner or later, if moreover the backlog is written, *)
(* and a new connection is made, or fails to be made.                      *)

FairSpec ==
    Spec /\ WF_vars(Serve) /\ WF_vars(Read \/ Receive) /\ WF_vars(Flush) /\ WF_vars(Reconnect \/ DialFail)

\* CALL-02, MUX-08: a call is answered, or told, however many pushes come in between.
EveryCallIsSettled == Plain!EveryCallIsSettled
=============================================================================
