@0xf7958855f6746344;
# What Workers say to one another: JavaScript values, calls on objects by name, and events that start a Worker.
#
# Only what RPC needs is spelt out; methods for other events have their number here and no more.

using import "byte-stream.capnp".ByteStream;
using import "http-over-capnp.capnp".HttpService;

enum SerializationTag {
  # Follows the mark of a host object among serialized values, and says what it is.

  invalid @0;
  jsRpcStub @1;
  writableStream @2;
  readableStream @3;
  headers @4;
  request @5;
  response @6;
  domException @7;
  domExceptionV2 @8;
  abortSignal @9;
  nativeError @10;
  serviceStub @11;
  actorClass @12;
  r2Bucket @13;
  kvNamespace @14;
  blob @15;
  socket @16;
  wrappedBinding @17;
}

enum StreamEncoding {
  # How the bytes of a stream are compressed on their way.

  identity @0;
  gzip @1;
  brotli @2;
}

struct JsValue {
  # A value, and what it refers to.

  v8Serialized @0 :Data;
  # In V8's serialization format.

  externals @1 :List(External);
  # One for each host object that needs one, in the order of their marks.

  struct External {
    # Something that stays where it is.

    enum SecureTransport {
      off @0;
      starttls @1;
      on @2;
    }

    union {
      invalid @0 :Void;
      # Nobody set it.

      rpcTarget :group {
        cap @1 :JsRpcTarget;
        # The object behind a stub.

        union {
          channelToken @14 :Data;
          delayedChannelToken @15 :ExternalPusher.DelayedChannelToken;
          # What a stub that may be stored can be made from again. Only its maker can read it.
        }
      }

      writableStream :group {
        byteStream @2 :ByteStream;
        # The receiver writes here.

        encoding @3 :StreamEncoding;
      }

      readableStream :group {
        stream @10 :ExternalPusher.InputStream;
        # What `pushByteStream` gave: the receiver knows it as its own.

        encoding @4 :StreamEncoding;

        expectedLength :union {
          # Said by `pushByteStream` instead.

          unknown @5 :Void;
          known @6 :UInt64;
        }

        canceler @21 :StreamCanceler;
        # How the receiver says that it reads no more. May be null.
      }

      obsolete7 @7 :Void;

      abortSignal @11 :ExternalPusher.AbortSignal;
      # What `pushAbortSignal` gave.

      subrequestChannelToken @8 :Data;
      actorClassChannelToken @9 :Data;
      delayedSubrequestChannelToken @12 :ExternalPusher.DelayedChannelToken;
      delayedActorClassChannelToken @13 :ExternalPusher.DelayedChannelToken;
      # Stubs of services and of classes. Only their maker can read them; others hand them on.

      socket :group {
        # Its two streams are the externals that follow.

        remoteAddress @16 :Text;
        secureTransport @17 :SecureTransport;
        isDefaultFetchPort @18 :Bool;
        localAddress @19 :Text;
        allowHalfOpen @20 :Bool;
      }
    }
  }

  interface ExternalPusher {
    # Puts a thing where a value is about to go, so that what it needs can follow at once, before
    # the receiver has asked. What it returns is named in the value.

    pushByteStream @0 (lengthPlusOne :UInt64 = 0) -> (source :InputStream, sink :ByteStream);
    # A stream to be read there. `source` goes into a value, the bytes to `sink`. Its length and one,
    # or 0 if that is not known.

    interface InputStream {
      # Known to whoever made it, and to nobody else of use.
    }

    pushAbortSignal @1 () -> (signal :AbortSignal, trigger :AbortTrigger);
    # A signal there. `signal` goes into a value; `trigger` sets it off.

    interface AbortSignal {
      # Like InputStream.
    }

    pushDelayedChannelToken @2 (token :Data) -> (cap :DelayedChannelToken);
    # The token a promise in an earlier value stood for.

    interface DelayedChannelToken {
      # Like InputStream.
    }
  }
}

interface StreamCanceler @0xde468803295ce2a8 {
  cancel @0 CancelParams -> ();
  # The stream will not be read any further.

  struct CancelParams {
    reason :union {
      undefined @0 :Void;
      value @1 :JsValue;
    }
  }
}

interface AbortTrigger {
  abort @0 (reason :JsValue) -> ();
  # The signal is aborted.

  release @1 () -> ();
  # It never will be. A trigger dropped without a word aborts the signal, too.
}

interface JsRpcTarget extends(JsValue.ExternalPusher) {
  # An object, a function or an entrypoint, to be called by name. What its params refer to is pushed to
  # the target itself.

  call @0 CallParams -> CallResults;

  struct CallParams {
    union {
      methodName @0 :Text;
      # A path of one step.

      methodPath @2 :List(Text);
      # The properties that lead from the target to what is meant. None: the target itself.
    }

    operation :union {
      callWithArgs @1 :JsValue;
      # Call it. The value is an array of the arguments; null if there are none.

      getProperty @3 :Void;
      # Read it.
    }

    resultsStreamHandler :union {
      obsolete4 @4 :Capability;

      externalPusher @5 :JsValue.ExternalPusher;
      # Where to push what the results refer to.
    }

    callerSpanContext @6 :AnyPointer;
    # For tracing; null if nobody traces.
  }

  struct CallResults {
    result @0 :JsValue;

    callPipeline @1 :JsRpcTarget;
    # The result as something to call, whatever it is: what calls made before it was known are made on.

    hasDisposer @2 :Bool;
    # The result is a plain object with a disposer, which runs when `callPipeline` is dropped. If not,
    # `callPipeline` can be dropped at once.

    obsolete3 @3 :Capability;
  }
}

interface JsRpcSession {
  # One event and all that was born of it. Dropping it revokes all of that. It is a promise, which is
  # resolved when the session is over.
}

interface EventDispatcher @0xf20697475ec1752d {
  # Takes one event, whichever.

  getHttpService @0 () -> (http :HttpService);
  # The Worker as an HTTP server.

  jsRpcSession @9 () -> (topLevel :JsRpcTarget, session :JsRpcSession);
  # The Worker as an object. One call can be made on `topLevel`. `session` must be kept for as long as
  # anything of it is used.

  prewarm @2 (url :Text);
  # A request may follow.

  sendTraces @1 (traces :AnyPointer) -> (result :AnyPointer);
  runScheduled @3 (scheduledTime :Int64, cron :Text) -> (result :AnyPointer);
  runAlarm @4 (scheduledTime :Int64, retryCount :UInt32) -> (result :AnyPointer);
  obsolete5 @5 ();
  obsolete6 @6 ();
  obsolete7 @7 ();
  queue @8 (messages :AnyPointer, queueName :Text, metadata :AnyPointer) -> (result :AnyPointer);
  tailStreamSession @10 () -> (topLevel :Capability, result :UInt16);
  abandonAlarm @11 (scheduledTimeMs :Int64) -> (storedAlarmTimeMs :Int64);
  restoreService @12 (params :Frankenvalue) -> (service :WorkerdBootstrap);
  restoreRpcStub @13 (params :Frankenvalue) -> (target :JsRpcTarget, session :JsRpcSession);
  # Events of other kinds.
}

interface WorkerdBootstrap {
  # One entrypoint of a Worker: what is offered to whoever connects.

  startEvent @0 (cfBlobJson :Text, fromPersistentStub :Bool) -> (dispatcher :EventDispatcher);
  # Something is about to happen to it. `cfBlobJson` is `request.cf`, if the event is an HTTP request.
  # `fromPersistentStub` means that the caller's stub had been stored.
}

interface WorkerdDebugPort {
  # Every entrypoint of a process, and props chosen by the caller: for testing.

  getEntrypoint @0 (service :Text, entrypoint :Text, props :Frankenvalue) -> (entrypoint :WorkerdBootstrap);
  # The entrypoint of that name, or the default one if the name is null.

  getActor @1 (service :Text, entrypoint :Text, actorId :Text, actorName :Text) -> (actor :WorkerdBootstrap);
  # A Durable Object.
}

struct Frankenvalue @0xde4627bfcbb2ad80 {
  # A value put together outside of JavaScript, such as `ctx.props`.

  union {
    emptyObject @0 :Void;
    json @1 :Text;
    v8Serialized @2 :Data;
    arrayBuffer @9 :Data;
    capability :group {
      # A capability of the table, and what it is (a SerializationTag).

      capIndex @7 :UInt32;
      tag @8 :UInt16;
    }
  }

  properties @3 :List(Frankenvalue);
  # More properties of the object that the union gives. Those of the same name are replaced.

  name @4 :Text;
  # The name of the property that this value is of another.

  capTableSize @5 :UInt32 = 0;
  capTable @6 :AnyPointer;
  # How many capabilities the value has, without those of its properties; and which, somehow.
}
