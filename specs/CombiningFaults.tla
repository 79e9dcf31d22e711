-------------------------- MODULE CombiningFaults ---------------------------
(***************************************************************************)
(* Planted faults of leader and follower, named as in                      *)
(* models/faults_combining.py.  F_X is what the definition X of            *)
(* Combining.tla becomes under the fault F; Sound!X is X as it should be.  *)
(***************************************************************************)
EXTENDS Combining

Sound == INSTANCE Combining

\* Who has read looks for a successor when it gives up the reading; who has only written does not.
OnlyReadersPromote_AfterReading(me) == "leaving"
OnlyReadersPromote_AfterOutcome(me) == "out"

\* Who has its outcome leaves at once.
NobodyPromotes_AfterOutcome(me) == "out"

\* A call whose limit expires in its sleep leaves without a look at who reads.
ExpiredLeavesAtOnce_AfterSleep(me) == "out"

\* The reading is handed to the first in flight, even if that one has given up.
ExpiredHeir_Heirs == Lying("in flight")

\* The writer does not look at the backlog again after it has given up the writing.
NoSecondLook_AfterWriting(me) == "waiting"

\* A writer that has its own outcome by then does not look at the backlog again.
NoLookOnceSettled_AfterWriting(me) == IF Ended(me) THEN "leaving" ELSE "appended"

\* The lock of the writing is not tried, just taken.
TwoWriters_MayWrite == TRUE

\* The lock of the reading is not tried, just taken.
TwoReaders_MayRead == TRUE

\* A command is sent before it is noted as in flight: its reply can come while nobody expects one.
SentBeforeQueued_Gathered(me, one) == [Sound!Gathered(me, one) EXCEPT !.owed[one] = TRUE]

\* A push is taken for a reply.
PushSettles_PushRead(me) ==
    \/ UNCHANGED vars
    \/ \E one \in Lying("in flight") :
        Becomes(GoWith([Now EXCEPT !.place[one] = "reader"], me, "settling", one))

\* The connection is lost; replies that were on their way are read from the next one.
StaleReplies_Lost(me)        == Go(Now, me, "lost")
StaleReplies_Failed(me, one) == [Sound!Failed(me, one) EXCEPT !.owed = owed]

\* The connection is lost; the reader fails its own call, and the others are for the next one to find.
ForgottenInFlight_ToFail(me) == {me} \ {c \in Calls : Ended(c)}

\* A reply is settled, and its caller is left asleep.
Untold_Settled(me) == Go(End(PutDown(Now, target[me], ""), target[me], "settled"), me, Back(me))

\* A caller is woken before its reply is where it looks: it goes back to sleep.
ToldBeforeSettled_Settled(me) == GoWith(Woken(Now, target[me], TRUE), me, "telling", target[me])
ToldBeforeSettled_Told(me)    == Untold_Settled(me)
=============================================================================
