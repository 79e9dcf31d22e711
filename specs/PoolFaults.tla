----------------------------- MODULE PoolFaults -----------------------------
(***************************************************************************)
(* Planted faults of the pool: whatever claims to check it must find them. *)
(*                                                                         *)
(* F_X is what the definition X of Pool.tla becomes under the fault F; a   *)
(* configuration plants it by the line                                     *)
(*                                                                         *)
(*   CONSTANT X <- F_X                                                     *)
(*                                                                         *)
(* Sound!X is X as it should be.  Names and faults are those of            *)
(* models/faults.py, faults_full.py and faults_waiting.py.                 *)
(***************************************************************************)
EXTENDS Pool

Sound == INSTANCE Pool

\* What an effect would be if nobody waited, and if the waiters had come in the opposite order.
Overlooking(Effect(_, _), p, c) == [Effect([p EXCEPT !.waiting = <<>>], c) EXCEPT !.waiting = p.waiting]

Reversed(queue) == [i \in DOMAIN queue |-> queue[Len(queue) + 1 - i]]
Reversing(Effect(_, _), p, c) ==
    [Effect([p EXCEPT !.waiting = Reversed(@)], c) EXCEPT !.waiting = Reversed(@)]

\* A returned connection is handed to a waiter and becomes idle as well.
DoubleIssue_GiveBack(p, c) ==
    LET s == p.callers[c][2]  q == Sound!GiveBack(p, c) IN
    IF q.slots[s] = "lent" THEN [q EXCEPT !.idle = Append(@, s)] ELSE q

\* A caller is cancelled after a connection was granted to it; the connection stays lent to nobody.
LeakedGrant_CancelGrant(p, c) == Leaves(p, c)

\* A caller is cancelled while it dials; its place is never given back.
LeakedDial_CancelDial(p, c) == Leaves(p, c)

\* A caller is cancelled while it waits; it is still in the queue.
StaleWaiter_CancelWait(p, c) == Leaves(p, c)

\* The room is overestimated by one.
OverCapacity_MayDial(uses) == \E s \in Slots : uses[s] = "free"

\* A connection is gone; its place becomes free and no waiter is told.
LostWakeUp_Discard(p, c) == Overlooking(Sound!Discard, p, c)

\* A connection is returned; it becomes idle although somebody waits for it.
IdleWhileWaiting_GiveBack(p, c) == Overlooking(Sound!GiveBack, p, c)

\* The queue is served from its end.  The states are those of the sound pool; only the steps are not.
LastInFirstServed_GiveBack(p, c) == Reversing(Sound!GiveBack, p, c)
LastInFirstServed_Discard(p, c)  == Reversing(Sound!Discard, p, c)

\* The pool is closed; nobody tells those who wait.
ForgottenWaiters_Closed(p) == [Sound!Closed(p) EXCEPT !.callers = p.callers, !.waiting = p.waiting]

\* A connection is returned to a closed pool; it becomes idle.
IdleAfterClose_GiveBack(p, c) ==
    [Sound!GiveBack([p EXCEPT !.closed = FALSE], c) EXCEPT !.closed = p.closed]

\* A returned connection becomes idle and the first waiter is woken to take it, if it is still there.
\* No step is wrong by itself, but newcomers can be faster for ever.
Barging_GiveBack(p, c) == Overlooking(Sound!GiveBack, p, c)
Barging_Take(c) ==
    LET Awake == [Leaves(Now, c) EXCEPT !.waiting = Tail(@)] IN
    \/ Sound!Take(c)
    \/ idle # <<>> /\ waiting # <<>> /\ c = waiting[1] /\ Becomes(Acquired(Awake, c))

-----------------------------------------------------------------------------
(* With ages.                                                              *)

\* An idle connection is lent without a look at its age.
ExpiredIsLent_MayAcquire == ~draining

\* A connection is returned; its age matters only once it is idle.
OldIsPassedOn_Unwanted(p, c) == draining /\ p.waiting = <<>>

\* The look for what is too old takes in lent connections too.
AgeClosesInUse_MayExpire(s) == slots[s] \in {"idle", "lent"} /\ old[s]

\* A lent connection grows too old; it is dialled anew behind the back of its borrower.
ReplacedInUse_Expire(s) ==
    \/ Sound!Expire(s)
    \/ \E c \in Callers :
        /\ callers[c] = <<"holding", s>> /\ old[s]
        /\ Plainly(Puts(Now, c, "dialling", s, "dialling"))
        /\ old' = [old EXCEPT ![s] = FALSE]
        /\ UNCHANGED draining

\* A connection is gone; the next one in its slot begins with its age.
InheritedAge_Ages(uses) == old

-----------------------------------------------------------------------------
(* With draining.                                                          *)

\* A draining pool serves everybody, newcomers as well, as long as it is not closed.
DrainLetsIn_MayAcquire == idle # <<>> => ~old[idle[Len(idle)]]

\* The pool is drained; those who wait are sent away, as if it were closed.
DrainTurnsAway_DrainBegun(p) == [Closed(p) EXCEPT !.closed = p.closed]

\* A connection is returned to a draining pool; it is closed, and no waiter is told.
DrainForgetsWaiters_Returned(p, c) ==
    IF draining THEN Overlooking(Discard, p, c) ELSE Sound!Returned(p, c)

\* A connection is returned to a draining pool; it becomes idle.
DrainKeepsIdle_Unwanted(p, c) == old[p.callers[c][2]]

\* A draining pool looks whether everybody is out when the drain begins, and then never again.
LastOutTellsNobody_Drained == FALSE
=============================================================================
