@0xb312981b2552a250;
# The messages two vats exchange over one connection.
#
# Each side numbers what it asks (questions) and what it gives out (exports); the other side keeps the
# mirror images (answers and imports) under the same numbers. Ids in a message are named from the
# sender's point of view, and freed ids are used again.
#
# Level 0: calls only, no capabilities passed. Level 1: capabilities, promises, pipelining.
# Level 2: persistent capabilities. Level 3: three vats. Level 4: join.

using QuestionId = UInt32;
# A question open on the sender's side. Chosen by the sender; free again once both Return and Finish
# have been exchanged.

using AnswerId = QuestionId;
# The same number, seen by the side that was asked.

using ExportId = UInt32;
# A capability or promise the sender gave out. Free again when its references are all released.

using ImportId = ExportId;
# The same number, seen by the side that received it.

struct Message {
  # One message of the connection's stream.

  union {
    unimplemented @0 :Message;
    # The message was not understood, and comes back as it was received.

    abort @1 :Exception;
    # The sender gives up on this connection; nothing follows.

    bootstrap @8 :Bootstrap;
    call @2 :Call;
    return @3 :Return;
    finish @4 :Finish;
    # Level 0.

    resolve @5 :Resolve;
    release @6 :Release;
    disembargo @13 :Disembargo;
    # Level 1.

    obsoleteSave @7 :AnyPointer;
    obsoleteDelete @9 :AnyPointer;
    # Withdrawn.

    provide @10 :Provide;
    accept @11 :Accept;
    thirdPartyAnswer @14 :ThirdPartyAnswer;
    # Level 3.

    join @12 :Join;
    # Level 4.
  }
}

struct Bootstrap {
  # Asks for the capability the peer offers to whoever connects. Answered by Return, whose content is
  # that one capability.

  questionId @0 :QuestionId;

  deprecatedObjectId @1 :AnyPointer;
  # Once named an object; peers that need names offer a bootstrap interface that takes them.
}

struct Call {
  # Calls a method of `target`. Answered by Return, ended by Finish.

  questionId @0 :QuestionId;
  target @1 :MessageTarget;

  interfaceId @2 :UInt64;
  # Type id of the interface the method belongs to.

  methodId @3 :UInt16;
  # Ordinal of the method in that interface.

  allowThirdPartyTailCall @8 :Bool = false;
  # The callee may answer through a third vat (`awaitFromThirdParty`).

  noPromisePipelining @9 :Bool = false;
  # A promise by the caller that no message will name this question's results before the Return.

  onlyPromisePipeline @10 :Bool = false;
  # The caller is interested in the pipeline alone and wants no Return. It still sends Finish, and takes
  # the question id from the upper half, away from ids that await a Return.

  params @4 :Payload;
  # Content is the method's parameter struct.

  sendResultsTo :union {
    caller @5 :Void;
    # They come with the Return.

    yourself @6 :Void;
    # They stay with the callee, which answers `resultsSentElsewhere`. The caller is going to name them
    # by `Return.takeFromOtherQuestion`: this is a tail call.

    thirdParty @7 :ThirdPartyToContact;
    # They go to another vat (level 3).
  }
}

struct Return {
  # Answers a Bootstrap or a Call, once.

  answerId @0 :AnswerId;

  releaseParamCaps @1 :Bool = true;
  # Every reference the call's parameters carried is hereby given back. False: each is given back by
  # a Release of its own.

  noFinishNeeded @8 :Bool = false;
  # The sender has already forgotten the answer, which is possible when it holds no capabilities. A
  # Finish is allowed and ignored.

  union {
    results @2 :Payload;
    # Content is the method's result struct.

    exception @3 :Exception;

    canceled @4 :Void;
    # The call ended early because of a Finish.

    resultsSentElsewhere @5 :Void;
    # Done, as `sendResultsTo` said.

    takeFromOtherQuestion @6 :QuestionId;
    # The results are those of this question, which the sender of this Return asked of its receiver with
    # `sendResultsTo.yourself`.

    awaitFromThirdParty @7 :ThirdPartyToAwait;
    # They come from another vat (level 3).
  }
}

struct Finish {
  # Ends a question: if not yet answered, the caller no longer cares; in any case the results are not
  # needed for pipelining any more.

  questionId @0 :QuestionId;

  releaseResultCaps @1 :Bool = true;
  # Every reference the results carry is hereby given back, also when the Return is still on its way.

  requireEarlyCancellationWorkaround @2 :Bool = true;
  # The receiver is to deliver the call before it cancels it. Senders that know that an early Finish may
  # stop a call from being delivered at all say false.
}

struct Resolve {
  # Says what a promise, sent earlier as `senderPromise`, came to be. Sent at most once for each.

  promiseId @0 :ExportId;

  union {
    cap @1 :CapDescriptor;
    # The capability it is now, counted like any other. If the receiver has released the promise already, it
    # releases this one right away.

    exception @2 :Exception;
    # It broke.
  }
}

struct Release {
  # Gives back references to an import.

  id @0 :ImportId;

  referenceCount @1 :UInt32;
  # How many. An export is gone when as many have come back as descriptors were sent.
}

struct Disembargo {
  # Keeps calls in order when a promise turns out to lead back to its holder. Calls made on it may still be
  # under way, to be reflected by the peer; so the holder embargoes new ones, sends a Disembargo down the
  # old path, and lifts the embargo when it comes back behind them.

  target @0 :MessageTarget;
  # The promise, on the way out; on the way back, what it resolved to.

  using EmbargoId = UInt32;
  # Chosen by whoever waits.

  using ThirdPartyEmbargoId = Data;

  context :union {
    senderLoopback @1 :EmbargoId;
    # To be sent back.

    receiverLoopback @2 :EmbargoId;
    # Sent back: the receiver's own id.

    accept @3 :ThirdPartyEmbargoId;
    # Releases an Accept of a third vat (level 3).
  }
}

struct Provide {
  # Level 3: offers `target` to a vat that is going to come for it with Accept.

  questionId @0 :QuestionId;
  # Answered when it has been picked up; ended by Finish.

  target @1 :MessageTarget;
  recipient @2 :ThirdPartyToAwait;
}

struct Accept {
  # Level 3: picks up what was offered to this vat by Provide. The Return's content is the capability.

  questionId @0 :QuestionId;
  provision @1 :ThirdPartyCompletion;

  embargo @2 :Disembargo.ThirdPartyEmbargoId;
  # If given, calls wait for a Disembargo with this id, which comes through the introducing vat.
}

struct ThirdPartyAnswer {
  # Level 3: the sender will answer a call that was made to another vat.

  completion @0 :ThirdPartyCompletion;
  # Tells the receiver which call.

  answerId @1 :AnswerId;
  # Names it from here on. Chosen by the sender, out of [2^30, 2^31).
}

struct Join {
  # Level 4: finds out whether several proxies lead to one object.

  questionId @0 :QuestionId;
  target @1 :MessageTarget;
  keyPart @2 :JoinKeyPart;
}

struct MessageTarget {
  # Whom a message is for.

  union {
    importedCap @0 :ImportId;
    # A capability the receiver of this message exported.

    promisedAnswer @1 :PromisedAnswer;
    # A capability in the results of a question the sender asked.
  }
}

struct Payload {
  # Content with its capabilities.

  content @0 :AnyPointer;
  # Capability pointers in it are indices into `capTable`.

  capTable @1 :List(CapDescriptor);
}

struct CapDescriptor {
  # One capability, as its sender names it.

  union {
    none @0 :Void;
    # No capability; a pointer to it reads as null.

    senderHosted @1 :ExportId;
    # Exported by the sender, and not a promise. Counts one reference.

    senderPromise @2 :ExportId;
    # Exported by the sender, which is going to send a Resolve. Counts one reference.

    receiverHosted @3 :ImportId;
    # Exported by the receiver: its own.

    receiverAnswer @4 :PromisedAnswer;
    # In the results the receiver owes, or gave, to the sender.

    thirdPartyHosted @5 :ThirdPartyCapDescriptor;
    # In another vat (level 3).
  }

  attachedFd @6 :UInt8 = 0xff;
  # Index of a file descriptor that travels beside the message; 0xff for none.
}

struct PromisedAnswer {
  # A place in the results of a question.

  questionId @0 :QuestionId;

  transform @1 :List(Op);
  # Steps from the root of the results to the place.

  struct Op {
    union {
      noop @0 :Void;

      getPointerField @1 :UInt16;
      # To this field of the pointer section of the struct we are at.
    }
  }
}

struct ThirdPartyCapDescriptor {
  # A capability of another vat.

  id @0 :ThirdPartyToContact;
  # Where to pick it up.

  vineId @1 :ExportId;
  # A stand-in exported by the sender, which keeps the offer alive and forwards the calls of receivers that do
  # not speak level 3. Counts one reference.
}

struct Exception {
  # Why something failed.

  reason @0 :Text;
  # For a person.

  type @3 :Type;

  enum Type {
    # What the caller may do about it, rather than what caused it.

    failed @0;
    # Nothing.

    overloaded @1;
    # Try again later.

    disconnected @2;
    # Connect again.

    unimplemented @3;
    # Do without the method.
  }

  obsoleteIsCallersFault @1 :Bool;
  obsoleteDurability @2 :UInt16;
  # Withdrawn.

  trace @4 :Text;
  # Stack trace of the thrower, if it likes to show it.

  details @5 :List(Detail);
  # More, for programs.

  struct Detail {
    detailId @0 :UInt64;
    # Says what `data` is; globally unique, such as a type id.

    data @1 :Data;
  }
}

# What follows depends on the kind of network. On a two-party one, see rpc-twoparty.capnp.

using SturdyRef = AnyPointer;
# Names a persistent capability.

using ThirdPartyCompletion = AnyPointer;
# Shown by a vat to the one it was sent to.

using ThirdPartyToAwait = AnyPointer;
# Tells a vat whom to expect.

using ThirdPartyToContact = AnyPointer;
# Tells a vat whom to contact, and what to show there.

using JoinKeyPart = AnyPointer;
# Held by one of the capabilities to be joined.

using JoinResult = AnyPointer;
# What a Join returns.
