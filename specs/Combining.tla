----------------------------- MODULE Combining ------------------------------
(***************************************************************************)
(* Leader and follower: the threads that share a connection write and read *)
(* for each other.                                                         *)
(*                                                                         *)
(* Every call runs these few lines in the thread of its caller.            *)
(*                                                                         *)
(*   backlog.append(me)                                                    *)
(*   while backlog and writing can be locked:                              *)
(*       while backlog: move one from backlog to in_flight                 *)
(*       send what was gathered                                            *)
(*       unlock writing                                and look again      *)
(*   while I have no outcome:                                              *)
(*       if reading can be locked:                                         *)
(*           for each reply: settle one in flight, and wake it,            *)
(*           until mine was among them                                     *)
(*           unlock reading                                                *)
(*       else: sleep until woken, or until the limit expires               *)
(*   if reading is not locked: wake one that is in flight                  *)
(*                                                                         *)
(* The last line is the danger.  Who leaves may have been the last one     *)
(* awake, and those whose commands it wrote would sleep for ever.  So      *)
(* nobody leaves without that look, not even a call whose limit has        *)
(* expired.                                                                *)
(*                                                                         *)
(* The reader finds out that the connection is lost.  It locks writing     *)
(* too, so that no command is between the queues, fails all that is in     *)
(* them, and gives both locks back.                                        *)
(*                                                                         *)
(* One action is one operation on what threads share.  Queues are sets     *)
(* here: which command is taken first is left open.  The same machine      *)
(* stands in models/combining.py; CombiningFaults.tla does things wrong.   *)
(***************************************************************************)
EXTENDS Integers, FiniteSets, TLC

CONSTANT
    Calls          \* one call a thread

VARIABLES
    phase,         \* of each call: where its thread stands
    place,         \* where its command is: "", "backlog", "writer", "in flight" or "reader"
    owed,          \* whether the server will answer it, or has and nobody has read that yet
    outcome,       \* "", "settled" or "expired"
    woken,         \* whether a wake-up is waiting for its thread
    target,        \* the call that its thread has in its hand, or will wake
    writer,        \* who has locked the writing, or NONE
    reader         \* who has locked the reading, or NONE

vars == <<phase, place, owed, outcome, woken, target, writer, reader>>

NONE == -1

Lying(where) == {c \in Calls : place[c] = where}
Ended(c)     == outcome[c] # ""

-----------------------------------------------------------------------------
(* Effects: functions from what the machine is now to what it becomes.     *)

Now == [phase |-> phase, place |-> place, owed |-> owed, outcome |-> outcome, woken |-> woken,
        target |-> target, writer |-> writer, reader |-> reader]

Go(p, me, where)           == [p EXCEPT !.phase[me] = where, !.target[me] = NONE]
GoWith(p, me, where, one)  == [p EXCEPT !.phase[me] = where, !.target[me] = one]

\* A reply is owed to a command only as long as it is in flight.
PutDown(p, one, where) == [p EXCEPT !.place[one] = where, !.owed[one] = FALSE]

Owing(p, ones)      == [p EXCEPT !.owed = [c \in Calls |-> c \in ones]]
End(p, one, how)    == [p EXCEPT !.outcome[one] = IF @ = "" THEN how ELSE @]
Woken(p, one, flag) == [p EXCEPT !.woken[one] = flag]

\* Where a reader goes on that has dealt with one call: it has locked the writing if it fails them.
Back(me) == IF writer = me THEN "failing" ELSE "reading"

MayWrite          == writer = NONE
MayRead           == reader = NONE
Gathered(me, one) == GoWith(PutDown(Now, one, "writer"), me, "queueing", one)
Lost(me)          == Go(Owing(Now, {}), me, "lost")
ToFail(me)        == Lying("in flight") \cup Lying("backlog")
Failed(me, one)   == GoWith(PutDown(Now, one, "reader"), me, "settling", one)
Heirs             == {c \in Lying("in flight") : ~Ended(c)}

\* Where a thread goes after it has unlocked, has found its outcome, or has slept too long.
AfterWriting(me) == "appended"
AfterReading(me) == "waiting"
AfterOutcome(me) == "leaving"
AfterSleep(me)   == "leaving"

Settled(me) ==
    LET one == target[me]  p == End(PutDown(Now, one, ""), one, "settled") IN
    IF one = me THEN Go(p, me, Back(me)) ELSE GoWith(p, me, "telling", one)

Told(me) == Go(Woken(Now, target[me], TRUE), me, Back(me))

-----------------------------------------------------------------------------
(* Actions.                                                                *)

Becomes(p) ==
    /\ phase'   = p.phase
    /\ place'   = p.place
    /\ owed'    = p.owed
    /\ outcome' = p.outcome
    /\ woken'   = p.woken
    /\ target'  = p.target
    /\ writer'  = p.writer
    /\ reader'  = p.reader

Init ==
    /\ phase   = [c \in Calls |-> "new"]
    /\ place   = [c \in Calls |-> ""]
    /\ owed    = [c \in Calls |-> FALSE]
    /\ outcome = [c \in Calls |-> ""]
    /\ woken   = [c \in Calls |-> FALSE]
    /\ target  = [c \in Calls |-> NONE]
    /\ writer  = NONE
    /\ reader  = NONE

(* Writing, for everybody.                                                 *)

Append(me) == phase[me] = "new" /\ Becomes(Go(PutDown(Now, me, "backlog"), me, "appended"))

FindBacklog(me)   == phase[me] = "appended" /\ Lying("backlog") # {} /\ Becomes(Go(Now, me, "willing"))
FindNoBacklog(me) == phase[me] = "appended" /\ Lying("backlog") = {} /\ Becomes(Go(Now, me, "waiting"))

\* A reader that has lost the connection has to wait until nobody writes.
LockWriting(me) ==
    \/ phase[me] = "willing" /\ MayWrite = TRUE /\ Becomes(Go([Now EXCEPT !.writer = me], me, "writing"))
    \/ phase[me] = "lost" /\ writer = NONE /\ Becomes(Go([Now EXCEPT !.writer = me], me, "failing"))

FindWriter(me) == phase[me] = "willing" /\ ~MayWrite /\ Becomes(Go(Now, me, "waiting"))

\* What expired in the backlog is never written.
Skip(me, one) ==
    phase[me] = "writing" /\ one \in Lying("backlog") /\ Ended(one) /\ Becomes(PutDown(Now, one, ""))
Gather(me, one) ==
    phase[me] = "writing" /\ one \in Lying("backlog") /\ ~Ended(one) /\ Becomes(Gathered(me, one))
Queue(me) ==
    phase[me] = "queueing" /\ Becomes(Go(PutDown(Now, target[me], "in flight"), me, "writing"))
Send(me) ==
    /\ phase[me] = "writing" /\ Lying("backlog") = {}
    /\ Becomes(Go(Owing(Now, Lying("in flight")), me, "written"))
UnlockWriting(me) ==
    phase[me] = "written" /\ Becomes(Go([Now EXCEPT !.writer = NONE], me, AfterWriting(me)))

(* Waiting, and reading for everybody.                                     *)

FindOutcome(me)   == phase[me] = "waiting" /\ Ended(me) /\ Becomes(Go(Now, me, AfterOutcome(me)))
FindNoOutcome(me) == phase[me] = "waiting" /\ ~Ended(me) /\ Becomes(Go(Now, me, "unserved"))

LockReading(me) ==
    phase[me] = "unserved" /\ MayRead = TRUE /\ Becomes(Go([Now EXCEPT !.reader = me], me, "reading"))
FindReader(me) ==
    \/ phase[me] = "unserved" /\ ~MayRead /\ Becomes(Go(Now, me, "parked"))
    \/ phase[me] = "leaving" /\ reader # NONE /\ Becomes(Go(Now, me, "out"))

Wake(me) == phase[me] = "parked" /\ woken[me] /\ Becomes(Go(Woken(Now, me, FALSE), me, "waiting"))
Expire(me) ==
    \/ phase[me] = "parked" /\ Becomes(Go(End(Now, me, "expired"), me, AfterSleep(me)))
    \/ phase[me] = "reading" /\ ~Ended(me) /\ Becomes(End(Now, me, "expired"))

\* A push settles nobody.  A reader that has its outcome may still have replies at hand.
PushRead(me) == UNCHANGED vars
Push(me)     == phase[me] = "reading" /\ PushRead(me)
Receive(me, one) ==
    /\ phase[me] = "reading" /\ one \in Lying("in flight") /\ owed[one]
    /\ Becomes(GoWith(PutDown(Now, one, "reader"), me, "settling", one))
Settle(me) == phase[me] = "settling" /\ Becomes(Settled(me))
Tell(me)   == phase[me] = "telling" /\ Becomes(Told(me))

Lose(me)      == phase[me] = "reading" /\ ~Ended(me) /\ Becomes(Lost(me))
Fail(me, one) == phase[me] = "failing" /\ one \in ToFail(me) /\ Becomes(Failed(me, one))

UnlockReading(me) ==
    LET p == [Now EXCEPT !.reader = NONE] IN
    \/ phase[me] = "reading" /\ Ended(me) /\ Becomes(Go(p, me, AfterReading(me)))
    \/ phase[me] = "failing" /\ ToFail(me) = {} /\ Becomes(Go(p, me, "written"))

(* Leaving.                                                                *)

FindNoReader(me) == phase[me] = "leaving" /\ reader = NONE /\ Becomes(Go(Now, me, "choosing"))
Choose(me, one)  ==
    phase[me] = "choosing" /\ one \in Heirs /\ Becomes(GoWith(Now, me, "promoting", one))
ChooseNobody(me) == phase[me] = "choosing" /\ Heirs = {} /\ Becomes(Go(Now, me, "out"))
Promote(me)      == phase[me] = "promoting" /\ Becomes(Go(Woken(Now, target[me], TRUE), me, "out"))

Done == (\A c \in Calls : phase[c] = "out") /\ UNCHANGED vars

Next ==
    \/ \E me \in Calls :
        \/ Append(me) \/ FindBacklog(me) \/ FindNoBacklog(me) \/ LockWriting(me) \/ FindWriter(me)
        \/ (\E one \in Calls : Skip(me, one) \/ Gather(me, one))
        \/ Send(me) \/ Queue(me) \/ UnlockWriting(me)
        \/ FindOutcome(me) \/ FindNoOutcome(me) \/ LockReading(me) \/ FindReader(me)
        \/ Wake(me) \/ Expire(me) \/ Push(me)
        \/ (\E one \in Calls : Receive(me, one))
        \/ UnlockReading(me) \/ Lose(me) \/ Settle(me) \/ Tell(me)
        \/ (\E one \in Calls : Fail(me, one))
        \/ FindNoReader(me)
        \/ (\E one \in Calls : Choose(me, one))
        \/ ChooseNobody(me) \/ Promote(me)
    \/ Done

Spec == Init /\ [][Next]_vars

\* Calls differ in their names only.
Symmetry == Permutations(Calls)

-----------------------------------------------------------------------------
(* What holds in every state.  The last three are those that hang a        *)
(* program when they break: a command that nobody writes, a reply that     *)
(* nobody reads, a caller that nobody wakes.                               *)

Writing == {"writing", "queueing", "written", "failing"}
Reading == {"reading", "settling", "telling", "lost", "failing"}

\* MUX-01: nobody writes without the lock, and it is kept only by who writes, or fails what is lost.
OneWriter ==
    /\ \A c \in Calls : phase[c] \in Writing => writer = c
    /\ writer # NONE => phase[writer] \in Writing \cup {"settling", "telling"}

\* MUX-01: who reads has the lock, and who has the lock reads; so there are never two readers.
OneReader == \A c \in Calls : (reader = c) = (phase[c] \in Reading)

\* CALL-02: until a call has its outcome, its command is in a queue, or in the hand of who moves it.
NothingMislaid ==
    \A c \in Calls :
        CASE place[c] = "writer" -> writer # NONE /\ phase[writer] = "queueing" /\ target[writer] = c
          [] place[c] = "reader" -> reader # NONE /\ phase[reader] = "settling" /\ target[reader] = c
          [] OTHER               -> place[c] # "" \/ Ended(c) \/ phase[c] = "new"

\* MUX-01, MUX-06, MUX-08: a reply comes to all that is in flight, unsent or lost things aside.
InStep ==
    LET lost   == reader # NONE /\ (phase[reader] = "lost" \/ reader = writer)
        unsent == writer # NONE /\ phase[writer] \in {"writing", "queueing"}
    IN  \A c \in Calls : owed[c] = (place[c] = "in flight") \/ (~owed[c] /\ (lost \/ unsent))

\* CALL-02: while there is a backlog, somebody writes, or will look at it again.
SomebodyWrites ==
    \/ Lying("backlog") = {}
    \/ reader = writer /\ writer # NONE
    \/ \E c \in Calls : phase[c] \in {"appended", "willing", "writing", "queueing", "written"}

\* CALL-02: while anybody sleeps who has no outcome yet, somebody is awake who reads or finds who does.
SomebodyReads ==
    LET asleep == {c \in Calls : phase[c] = "parked" /\ ~woken[c]} IN
    \/ \A c \in asleep : Ended(c)
    \/ \E c \in Calls \ asleep :
        phase[c] \notin {"new", "out"} /\ (phase[c] = "promoting" => ~Ended(target[c]))

\* CALL-02: who sleeps, or is about to, and has its outcome is woken or will be by the reader.
NobodyOverslept ==
    \A c \in Calls :
        phase[c] \in {"unserved", "parked"} /\ Ended(c) =>
            woken[c] \/ (reader # NONE /\ phase[reader] = "telling" /\ target[reader] = c)
=============================================================================
