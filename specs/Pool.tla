-------------------------------- MODULE Pool --------------------------------
(***************************************************************************)
(* The pool: a few connections, each lent to one caller at a time; who     *)
(* finds none waits in a queue.                                            *)
(*                                                                         *)
(* The life of a caller, from one acquire to the next:                     *)
(*                                                                         *)
(*   out --Acquire--+- a connection is idle ----------------+-> holding    *)
(*                  +- room for one more --> dialling DialOk+     | Break  *)
(*                  |                        ^ a place      |     v        *)
(*                  +- neither --> waiting --+              |   broken     *)
(*                                           v a connection |              *)
(*                                        granted ------Take+              *)
(*                                                                         *)
(* Every way back leads to "out": Release from holding and broken,         *)
(* DialFail from dialling, and Cancel (its limit has expired, or its task  *)
(* was cancelled) from waiting, dialling and granted.  What the caller had *)
(* is passed on in the same step, to the first waiter if there is one.     *)
(*                                                                         *)
(* Two things can be added to this plain pool.  WithAging: a connection    *)
(* passes a limit of its idle time or of its lifetime; it is then closed   *)
(* when it is idle, not lent any more, and never closed in use.            *)
(* WithDraining: whoever closes the pool may let it drain first; it lets   *)
(* nobody in, but serves those who are inside.                             *)
(*                                                                         *)
(* The same machine stands in models/pool.py and models/full_pool.py, and  *)
(* both texts have the same graph.  PoolFaults.tla does things wrong.      *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS
    Callers,       \* a set of numbers, beginning with 0
    MaxSize,       \* how many connections there may be at a time
    WithAging,     \* whether connections grow old
    WithDraining   \* whether the pool can be drained

VARIABLES
    callers,       \* of each caller: <<phase, slot>>
    slots,         \* of each slot: "free", "dialling", "lent" or "idle"
    idle,          \* the idle slots; the one that was used last stands last and is lent first
    waiting,       \* the waiting callers in the order of their arrival
    closed,        \* whether the pool has been closed
    draining,      \* whether it lets nobody in, but serves those who are inside already
    old            \* of each slot: whether its connection has passed a limit

vars == <<callers, slots, idle, waiting, closed, draining, old>>

NONE    == -1
Out     == <<"out", NONE>>
Waiting == <<"waiting", NONE>>

\* One slot more than may be used: a pool that dials once too often has a state to be caught in.
Slots    == 0..MaxSize
AllYoung == [s \in Slots |-> FALSE]

Items(queue)         == {queue[i] : i \in DOMAIN queue}
Without(queue, gone) == SelectSeq(queue, LAMBDA item : item # gone)
Room(uses)           == Cardinality({s \in Slots : uses[s] = "free"}) - 1
FirstFree(uses)      == CHOOSE s \in Slots :
                            uses[s] = "free" /\ \A t \in Slots : uses[t] = "free" => s <= t

-----------------------------------------------------------------------------
(* Effects: functions from what the plain pool is now to what it becomes.  *)

Now == [callers |-> callers, slots |-> slots, idle |-> idle, waiting |-> waiting, closed |-> closed]

\* The same, but the caller and the slot that it has are in these states.
Puts(p, c, phase, s, use) == [p EXCEPT !.callers[c] = <<phase, s>>, !.slots[s] = use]

Leaves(p, c) == [p EXCEPT !.callers[c] = Out]

MayDial(uses) == Room(uses) > 0

\* An idle connection if there is one, or else room to dial, or else a place in the queue.
Acquired(p, c) ==
    IF p.idle # <<>>
    THEN LET s == p.idle[Len(p.idle)]
         IN  [Puts(p, c, "holding", s, "lent") EXCEPT !.idle = SubSeq(@, 1, Len(@) - 1)]
    ELSE IF MayDial(p.slots)
    THEN Puts(p, c, "dialling", FirstFree(p.slots), "dialling")
    ELSE [p EXCEPT !.callers[c] = Waiting, !.waiting = Append(@, c)]

\* Its connection is gone, or has never been; the place goes to the first waiter, who dials.
Discard(p, c) ==
    LET s == p.callers[c][2] IN
    IF p.closed \/ p.waiting = <<>>
    THEN [Leaves(p, c) EXCEPT !.slots[s] = "free"]
    ELSE [Puts(Leaves(p, c), Head(p.waiting), "dialling", s, "dialling") EXCEPT !.waiting = Tail(@)]

\* Its healthy connection goes to the first waiter, or else is idle; in a closed pool it is closed.
GiveBack(p, c) ==
    LET s == p.callers[c][2] IN
    IF p.closed
    THEN [Leaves(p, c) EXCEPT !.slots[s] = "free"]
    ELSE IF p.waiting = <<>>
    THEN [Leaves(p, c) EXCEPT !.slots[s] = "idle", !.idle = Append(@, s)]
    ELSE [Puts(Leaves(p, c), Head(p.waiting), "granted", s, "lent") EXCEPT !.waiting = Tail(@)]

\* A healthy connection is closed, and not passed on, if it is old, or if the pool drains and
\* nobody waits for it.
Unwanted(p, c) == old[p.callers[c][2]] \/ (draining /\ p.waiting = <<>>)

Returned(p, c) ==
    IF p.callers[c][1] = "broken" \/ Unwanted(p, c) THEN Discard(p, c) ELSE GiveBack(p, c)

CancelWait(p, c)  == [Leaves(p, c) EXCEPT !.waiting = Without(@, c)]
CancelDial(p, c)  == Discard(p, c)
CancelGrant(p, c) == IF Unwanted(p, c) THEN Discard(p, c) ELSE GiveBack(p, c)

Freed(p, s) == [p EXCEPT !.slots[s] = "free", !.idle = Without(@, s)]

NothingIdle(p) ==
    [p EXCEPT !.slots = [s \in Slots |-> IF @[s] = "idle" THEN "free" ELSE @[s]], !.idle = <<>>]

\* Waiters are turned away, idle connections closed; what is lent or dialling ends by itself.
Closed(p) ==
    [NothingIdle(p) EXCEPT
        !.callers = [c \in Callers |-> IF @[c] = Waiting THEN Out ELSE @[c]],
        !.waiting = <<>>,
        !.closed  = TRUE]

\* What is idle is closed; whoever waits or dials will still be served.
DrainBegun(p) == NothingIdle(p)

\* A connection that is gone takes its age along.
Ages(uses) == [s \in Slots |-> old[s] /\ uses[s] \in {"idle", "lent"}]

-----------------------------------------------------------------------------
(* Actions.                                                                *)

Plainly(p) ==
    /\ callers' = p.callers
    /\ slots'   = p.slots
    /\ idle'    = p.idle
    /\ waiting' = p.waiting
    /\ closed'  = p.closed

Becomes(p) == Plainly(p) /\ old' = Ages(p.slots) /\ UNCHANGED draining

Init ==
    /\ callers  = [c \in Callers |-> Out]
    /\ slots    = [s \in Slots |-> "free"]
    /\ idle     = <<>>
    /\ waiting  = <<>>
    /\ closed   = FALSE
    /\ draining = FALSE
    /\ old      = AllYoung

\* A draining pool lets nobody in, and what it would lend must be young: Expire comes first.
MayAcquire == ~draining /\ (idle # <<>> => ~old[idle[Len(idle)]])

Acquire(c) == callers[c] = Out /\ ~closed /\ MayAcquire /\ Becomes(Acquired(Now, c))

DialOk(c) ==
    /\ callers[c][1] = "dialling"
    /\ Becomes(IF closed THEN Discard(Now, c) ELSE Puts(Now, c, "holding", callers[c][2], "lent"))

DialFail(c) == callers[c][1] = "dialling" /\ Becomes(Discard(Now, c))

Take(c) == callers[c][1] = "granted" /\ Becomes([Now EXCEPT !.callers[c][1] = "holding"])

Break(c) == callers[c][1] = "holding" /\ Becomes([Now EXCEPT !.callers[c][1] = "broken"])

Release(c) == callers[c][1] \in {"holding", "broken"} /\ Becomes(Returned(Now, c))

Cancel(c) ==
    \/ callers[c][1] = "waiting"  /\ Becomes(CancelWait(Now, c))
    \/ callers[c][1] = "dialling" /\ Becomes(CancelDial(Now, c))
    \/ callers[c][1] = "granted"  /\ Becomes(CancelGrant(Now, c))

IdleBreak(s) == s \in Items(idle) /\ Becomes(Freed(Now, s))

Close == ~closed /\ Plainly(Closed(Now)) /\ draining' = FALSE /\ old' = AllYoung

Done == closed /\ (\A c \in Callers : callers[c] = Out) /\ UNCHANGED vars

(* With ages: a connection passes its limit, and the pool looks for those that have.               *)

Age(s) ==
    /\ WithAging /\ ~closed
    /\ slots[s] \in {"idle", "lent"} /\ ~old[s]
    /\ old' = [old EXCEPT ![s] = TRUE]
    /\ UNCHANGED <<callers, slots, idle, waiting, closed, draining>>

MayExpire(s) == s \in Items(idle) /\ old[s]

Expire(s) ==
    /\ ~closed /\ MayExpire(s)
    /\ Plainly(Freed(Now, s))
    /\ old' = [old EXCEPT ![s] = FALSE]
    /\ UNCHANGED draining

(* With draining: the pool is closed once everybody is out.                *)

Drain ==
    /\ WithDraining /\ ~closed /\ ~draining
    /\ LET p == DrainBegun(Now) IN Plainly(p) /\ old' = Ages(p.slots)
    /\ draining' = TRUE

Drained ==
    /\ draining /\ ~closed /\ \A c \in Callers : callers[c] = Out
    /\ Plainly(Closed(Now)) /\ draining' = FALSE /\ old' = AllYoung

Next ==
    \/ \E c \in Callers :
        \/ Acquire(c) \/ DialOk(c) \/ DialFail(c) \/ Take(c) \/ Break(c) \/ Release(c) \/ Cancel(c)
    \/ \E s \in Slots : IdleBreak(s)
    \/ Close \/ Done
    \/ \E s \in Slots : Age(s)
    \/ \E s \in Slots : Expire(s)
    \/ Drain \/ Drained

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
(* What holds in every state.                                              *)

\* POOL-02: no connection belongs to two callers, nor to a caller while it is idle.
OneOwner ==
    /\ \A c, d \in Callers : c # d /\ callers[c][2] # NONE => callers[c][2] # callers[d][2]
    /\ \A c \in Callers : callers[c][2] \notin Items(idle)
    /\ Cardinality(Items(idle)) = Len(idle)

\* POOL-03: a slot is in use exactly if a caller will give it back or the list of idle ones has it.
NoLeak ==
    \A s \in Slots :
        LET owners == {c \in Callers : callers[c][2] = s} IN
        /\ (slots[s] = "idle") = (s \in Items(idle) /\ owners = {})
        /\ (slots[s] = "free") = (s \notin Items(idle) /\ owners = {})
        /\ (slots[s] = "dialling") = (\E c \in owners : callers[c][1] = "dialling")

\* POOL-01: connections, those being dialled included, never exceed the capacity.
Capacity == Room(slots) >= 0

\* POOL-04: nobody waits while a connection is idle or there is room for one more.
NoLostWakeUp == waiting # <<>> => idle = <<>> /\ Room(slots) <= 0

\* CALL-04: the queue holds every waiting caller once, and nobody who has left.
QueuedOnce ==
    /\ Items(waiting) = {c \in Callers : callers[c] = Waiting}
    /\ Cardinality(Items(waiting)) = Len(waiting)

\* LIFE-02, LIFE-04: in a closed pool nobody waits, and nothing is idle, even if it was returned later.
ClosedMeansClosed == closed => idle = <<>> /\ waiting = <<>>

\* LIFE-03: in a draining pool nothing is idle, so that nothing is left when everybody is out.
NothingKept == draining => idle = <<>> /\ ~closed

\* POOL-11: what is old is a connection, idle or lent, in an open pool; a new one begins young.
AgesOfConnections == \A s \in Slots : old[s] => ~closed /\ slots[s] \in {"idle", "lent"}

-----------------------------------------------------------------------------
(* What holds of every step.                                               *)

Served(c) == callers'[c][1] \in {"granted", "dialling"}

\* POOL-05: a waiter that is served was the first in the queue.
InOrder == [][\A i \in DOMAIN waiting : i > 1 => ~Served(waiting[i])]_vars

\* POOL-11: who gets a connection that exists already does not get an old one.
YoungIsLent ==
    [][\A c \in Callers :
        LET s == callers'[c][2] IN
        callers'[c][1] \in {"granted", "holding"} /\ s # callers[c][2] => ~old[s]]_vars

\* POOL-11: who has a connection in use keeps it until its own release, however old it is.
SparedInUse ==
    [][\A c \in Callers :
        LET s == callers[c][2] IN
        callers[c][1] \in {"holding", "broken"} =>
            callers'[c] = Out \/ (callers'[c][2] = s /\ slots'[s] = "lent")]_vars

\* LIFE-03, LIFE-04: a pool that drains or is closed lets nobody in.
NobodyNew == [][draining \/ closed => \A c \in Callers : callers[c] = Out => callers'[c] = Out]_vars

\* LIFE-03: draining turns away nobody who waits.
WaitersStay == [][~draining /\ draining' => waiting' = waiting]_vars

-----------------------------------------------------------------------------
(* What comes to pass sooner or later, if whoever has a connection, or is  *)
(* about to have one, gets on.  Nothing need be fair about those who come, *)
(* cancel, break or close.                                                 *)

GetsOn(c) == DialOk(c) \/ DialFail(c) \/ Take(c) \/ Release(c)

FairSpec == Spec /\ \A c \in Callers : WF_vars(GetsOn(c))

\* POOL-06: a waiter is served, or leaves by itself, or is told that the pool is closed.
EveryWaiterGetsOn == \A c \in Callers : callers[c] = Waiting ~> callers[c] # Waiting

\* LIFE-03: a draining pool is closed at last, if it ever looks whether everybody is out.
EveryDrainEnds == WF_vars(Drained) => (draining ~> ~draining)
=============================================================================
