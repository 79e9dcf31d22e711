---------------------------- MODULE Multiplexer -----------------------------
(***************************************************************************)
(* The multiplexer: all callers share one connection, and only the order   *)
(* of the replies says whose they are.                                     *)
(*                                                                         *)
(* A request goes round in a circle.  Each station is a queue:             *)
(*                                                                         *)
(*   caller --Send--+-> in_flight ---------------+--Receive--> caller      *)
(*                  +-> server --Serve--> wire --+                         *)
(*                                                                         *)
(* Send writes a request to the server and notes it as in flight.  Serve   *)
(* executes it and puts its reply on the wire.  Receive takes the oldest   *)
(* reply and gives it to the oldest request in flight; a reply carries no  *)
(* name, so nothing else could tell whose it is.  Here requests do have    *)
(* names, <<caller, number>>, and a reply is the name of its request, but  *)
(* no action looks at the name of a reply: only the invariants do.         *)
(*                                                                         *)
(* A cancelled caller leaves, but its reply is still to come.  Its request *)
(* stays in flight as a tombstone, which takes up that reply and gives it  *)
(* to nobody.  A disconnection ends an epoch: all that was in flight goes  *)
(* with it, and everybody who waits is told.                               *)
(*                                                                         *)
(* The same machine stands in models/multiplexer.py, and both texts have   *)
(* the same graph.  FullMultiplexer.tla has more stations;                 *)
(* MultiplexerFaults.tla does things wrong.                                *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS
    Callers,       \* a set of numbers, beginning with 0
    Requests,      \* how many requests each of them sends at most
    Connections    \* how many connections there are at most, one after the other

VARIABLES
    callers,       \* of each caller: <<phase, how many it has sent, the reply to the last or <<>> >>
    in_flight,     \* of each request that is owed a reply: <<request, live>>; a tombstone is not live
    server,        \* the requests that the server has not executed yet
    wire,          \* the replies that have not been received yet
    up,            \* whether there is a connection
    epoch          \* which one it is, or was last, counted from 1

vars == <<callers, in_flight, server, wire, up, epoch>>

Phase(c) == callers[c][1]
Sent(c)  == callers[c][2]

-----------------------------------------------------------------------------
(* Effects: functions from what the machine is now to what it becomes.     *)

Now == [callers |-> callers, in_flight |-> in_flight, server |-> server, wire |-> wire,
        up |-> up, epoch |-> epoch]

Asks(p, c) == [p EXCEPT !.callers[c] = <<"waiting", @[2] + 1, <<>> >>]

Written(p, request) ==
    [p EXCEPT !.in_flight = Append(@, <<request, TRUE>>), !.server = Append(@, request)]

Served(p) == [p EXCEPT !.wire = Append(@, Head(p.server)), !.server = Tail(@)]

\* The oldest reply goes to the oldest request in flight; if that is a tombstone, to nobody.
Received(p) ==
    LET request == Head(p.in_flight)[1]  live == Head(p.in_flight)[2]
        q == [p EXCEPT !.in_flight = Tail(@), !.wire = Tail(@)]
    IN  IF live THEN [q EXCEPT !.callers[request[1]] = <<"out", request[2], Head(p.wire)>>] ELSE q

\* What is left of a queue of <<request, live>> when a caller is gone: its requests keep their places.
GivenUp(queue, c) == [i \in DOMAIN queue |-> <<queue[i][1], queue[i][2] /\ queue[i][1][1] # c>>]

Cancelled(p, c) == [p EXCEPT !.callers[c] = <<"out", @[2], <<>> >>, !.in_flight = GivenUp(@, c)]

\* Everybody who waits is told, and the queues are gone.
Disconnected(p) ==
    [p EXCEPT !.callers = [c \in Callers |-> <<"out", @[c][2], @[c][3]>>],
              !.in_flight = <<>>, !.server = <<>>, !.wire = <<>>, !.up = FALSE]

Reconnected(p) == [p EXCEPT !.up = TRUE, !.epoch = @ + 1]

-----------------------------------------------------------------------------
(* Actions.                                                                *)

Becomes(p) ==
    /\ callers'   = p.callers
    /\ in_flight' = p.in_flight
    /\ server'    = p.server
    /\ wire'      = p.wire
    /\ up'        = p.up
    /\ epoch'     = p.epoch

Init ==
    /\ callers   = [c \in Callers |-> <<"out", 0, <<>> >>]
    /\ in_flight = <<>>
    /\ server    = <<>>
    /\ wire      = <<>>
    /\ up        = TRUE
    /\ epoch     = 1

Send(c) ==
    /\ up /\ Phase(c) = "out" /\ Sent(c) < Requests
    /\ Becomes(Written(Asks(Now, c), <<c, Sent(c) + 1>>))

Cancel(c)  == Phase(c) = "waiting" /\ Becomes(Cancelled(Now, c))
Serve      == up /\ server # <<>> /\ Becomes(Served(Now))
Receive    == up /\ wire # <<>> /\ in_flight # <<>> /\ Becomes(Received(Now))
Disconnect == up /\ Becomes(Disconnected(Now))
Reconnect  == ~up /\ epoch < Connections /\ Becomes(Reconnected(Now))

NothingLeft == (\A c \in Callers : Sent(c) = Requests) \/ (~up /\ epoch = Connections)

\* One step, not two, where nothing is left for both reasons: hence "= TRUE".
Done == (\A c \in Callers : Phase(c) = "out") /\ NothingLeft = TRUE /\ UNCHANGED vars

Next ==
    \/ \E c \in Callers : Send(c) \/ Cancel(c)
    \/ Serve \/ Receive \/ Disconnect \/ Reconnect \/ Done

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
(* What holds in every state.                                              *)

\* CONN-01, MUX-01, MUX-06: a caller that has a reply has the one to its own last request.
RightReply == \A c \in Callers : callers[c][3] \in {<<>>, <<c, Sent(c)>>}

\* MUX-02: the k-th request in flight is the one that the k-th reply to come will answer.
InStep == up => [i \in DOMAIN in_flight |-> in_flight[i][1]] = wire \o server

Owed(queue) == {queue[i][1] : i \in {j \in DOMAIN queue : queue[j][2]}}

OwedOnce(queue) ==
    /\ \A i, j \in DOMAIN queue : queue[i][2] /\ queue[j][2] /\ i # j => queue[i][1] # queue[j][1]
    /\ \A request \in Owed(queue) : Phase(request[1]) = "waiting" /\ Sent(request[1]) = request[2]

OwedToAll(queue) == \A c \in Callers : Phase(c) = "waiting" => <<c, Sent(c)>> \in Owed(queue)

\* CALL-02: a request that can still be answered has its caller waiting for it, and is in flight once.
SettledOnce == OwedOnce(in_flight)

\* CALL-02, MUX-06: whoever waits has a request in flight, and will be answered or told.
NobodyLeftWaiting == OwedToAll(in_flight)

-----------------------------------------------------------------------------
(* What comes to pass sooner or later, if the server answers, and what it  *)
(* has answered is read.                                                   *)

FairSpec == Spec /\ WF_vars(Serve) /\ WF_vars(Receive)

\* CALL-02: a call is answered, or told that the connection is lost.
EveryCallIsSettled == \A c \in Callers : Phase(c) = "waiting" ~> Phase(c) # "waiting"
=============================================================================
