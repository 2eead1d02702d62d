//! What is called on the Workers face, and what has to come of it.

use std::sync::Arc;

use bowline::runtime::Local;
use bowline::worker::stream::{ReadableStream, WritableStream, identity};
use bowline::worker::value::Value;
use bowline::worker::{Call, Received, RpcStub, args};

use crate::clerk::{Counter, chunks, length};
use crate::dice::Dice;
use crate::ledger::{Ledger, Outcome, Trouble, hold};

/// A Worker elsewhere, seen by who calls it.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) here: Local,
    pub(crate) svc: RpcStub,
    pub(crate) ledger: Arc<Ledger>,
}

pub(crate) const ALL: [&str; 16] = [
    "add",
    "add",
    "echo",
    "counter",
    "nested",
    "disposable",
    "function",
    "callback",
    "lent",
    "hang",
    "throw",
    "waits",
    "property",
    "upload",
    "download",
    "mirror",
];

fn same(found: &Received, expected: f64) -> Outcome {
    hold(found.as_f64() == Some(expected), || format!("{found:?} came, {expected} was right"))
}

/// A value with a bit of everything.
fn any(dice: &mut Dice, depth: u32) -> Value {
    match dice.below(if depth == 0 { 6 } else { 8 }) {
        0 => Value::UNDEFINED,
        1 => Value::from(dice.percent(50)),
        2 => Value::from(dice.below(1 << 40) as f64 / 8.0),
        3 => Value::from("αβγ".repeat(dice.size(7))),
        4 => Value::from("text".repeat(dice.size(12))),
        5 => {
            let size = dice.size(19);
            Value::uint8_array(dice.bytes(size))
        }
        6 => {
            let items: Vec<Value> = (0..dice.below(5)).map(|_| any(dice, depth - 1)).collect();
            Value::array(items)
        }
        _ => {
            let items: Vec<(String, Value)> =
                (0..dice.below(5)).map(|n| (format!("key{n}"), any(dice, depth - 1))).collect();
            Value::object(items)
        }
    }
}

impl Desk {
    pub(crate) async fn play(self, what: &'static str, dice: Dice) -> Outcome {
        match what {
            "add" => self.add(dice).await,
            "echo" => self.echo(dice).await,
            "counter" => self.counter(dice).await,
            "nested" => self.nested(dice).await,
            "disposable" => self.disposable(dice).await,
            "function" => self.function(dice).await,
            "callback" => self.callback(dice).await,
            "lent" => self.lent(dice).await,
            "hang" => self.hang(dice).await,
            "throw" => self.throw().await,
            "waits" => self.waits().await,
            "property" => self.property().await,
            "upload" => self.upload(dice).await,
            "download" => self.download(dice).await,
            _ => self.mirror(dice).await,
        }
    }

    async fn add(&self, mut dice: Dice) -> Outcome {
        let [a, b] = [dice.below(1 << 30) as f64, dice.below(1 << 30) as f64];
        same(&self.svc.call("add", args![a, b]).await?, a + b)
    }

    async fn echo(&self, mut dice: Dice) -> Outcome {
        let sent = any(&mut dice, 3);
        let back = self.svc.call("echo", args![sent.clone()]).await?;
        hold(*back.value() == sent, || format!("{:?} came back of {sent:?}", back.value()))
    }

    async fn counter(&self, mut dice: Dice) -> Outcome {
        let promise = self.svc.call("counter", args![5]);
        // Called before it is there.
        let first = promise.call("increment", args![1]);
        let second = promise.call("increment", args![2]);
        same(&first.await?, 6.0)?;
        same(&second.await?, 8.0)?;
        let received = promise.await?;
        let stub = received.stub()?;
        let copy = stub.dup()?;
        match dice.below(3) {
            0 => stub.dispose(),
            1 => drop(received),
            _ => drop(stub),
        }
        same(&copy.call("increment", args![3]).await?, 11.0)?;
        same(&copy.get("value").read().await?, 11.0)?;
        if dice.percent(50) {
            copy.dispose();
        }
        Ok(())
    }

    async fn nested(&self, mut dice: Dice) -> Outcome {
        let promise = self.svc.call("nested", args![]);
        let early = promise.get("a").get("b").call("increment", args![1]);
        same(&early.await?, 2.0)?;
        let received = promise.await?;
        hold(received.get("a").is_some(), || format!("{received:?} has no a"))?;
        if dice.percent(50) {
            received.dispose();
        }
        Ok(())
    }

    async fn disposable(&self, mut dice: Dice) -> Outcome {
        let promise = self.svc.call("disposable", args![]);
        if dice.percent(30) {
            promise.dispose();
            return Ok(());
        }
        let received = promise.await?;
        if dice.percent(50) {
            received.dispose();
        }
        Ok(())
    }

    async fn function(&self, mut dice: Dice) -> Outcome {
        let (by, n) = (dice.below(100) as f64, dice.below(100) as f64);
        let function = self.svc.call("multiplier", args![by]);
        same(&function.invoke(args![n]).await?, by * n)
    }

    async fn callback(&self, mut dice: Dice) -> Outcome {
        let (add, n) = (dice.below(100) as f64, dice.below(100) as f64);
        let function = RpcStub::function(&self.here, move |call: Call| async move {
            Ok(add + call.arg::<f64>(0)?)
        });
        same(&self.svc.call("callBack", args![&function, n]).await?, add + n)
    }

    /// An object of this side goes there and comes back.
    async fn lent(&self, mut dice: Dice) -> Outcome {
        let counter = Counter::stub(&self.here, &self.ledger, 1.0);
        let promise = self.svc.call("echo", args![&counter]);
        let early = promise.call("increment", args![1]);
        if dice.percent(50) {
            counter.dispose();
        }
        same(&early.await?, 2.0)?;
        let back = promise.await?.stub()?;
        same(&back.call("increment", args![1]).await?, 3.0)
    }

    async fn hang(&self, mut dice: Dice) -> Outcome {
        let promise = self.svc.call("hang", args![]);
        tokio::time::sleep(dice.moment(2000)).await;
        if dice.percent(50) {
            promise.dispose();
        }
        Ok(())
    }

    async fn throw(&self) -> Outcome {
        match self.svc.call("throw", args![]).await {
            Err(why) if why.to_string() == "MyError: as asked" => {
                let code = why.property("code").and_then(|code| code.as_f64());
                hold(code == Some(7.0), || format!("code {code:?}"))
            }
            Err(why) => Err(why.into()),
            Ok(_) => Err(Trouble::Wrong("it should have failed".into())),
        }
    }

    /// Something outlasts the call.
    async fn waits(&self) -> Outcome {
        let told = self.svc.call("later", args![]).await?;
        hold(*told.value() == Value::from(true), || format!("{told:?} came"))
    }

    async fn property(&self) -> Outcome {
        same(&self.svc.get("prop").get("n").read().await?, 5.0)
    }

    async fn upload(&self, mut dice: Dice) -> Outcome {
        let (count, size) = (dice.below(20) as u32, 1 + dice.size(15));
        let method = if dice.percent(20) { "first" } else { "count" };
        let read = self.svc.call(method, args![chunks(count, size)]).await?;
        let all = f64::from(count) * size as f64;
        match method {
            // Pieces come as they were put together on their way.
            "first" => {
                hold(read.as_f64().is_some_and(|n| n <= all), || format!("{read:?} of {all}"))
            }
            _ => same(&read, all),
        }
    }

    async fn download(&self, mut dice: Dice) -> Outcome {
        let (count, size) = (dice.below(20) as u32, 1 + dice.size(15));
        if dice.percent(30) {
            let (to, from) = identity();
            let asked = self.svc.call("writeInto", args![to, size]);
            let read = length(from).await?;
            asked.await?;
            return hold(read == size as f64, || format!("{read} of {size} bytes written"));
        }
        let received = self.svc.call("chunks", args![count, size]).await?;
        let mut stream: ReadableStream = received.to()?;
        if dice.percent(20) {
            let _first = stream.next().await.transpose()?;
            stream.cancel("enough");
            return Ok(());
        }
        let (read, all) = (length(stream).await?, f64::from(count) * size as f64);
        hold(read == all, || format!("{read} of {all} bytes read"))
    }

    async fn mirror(&self, mut dice: Dice) -> Outcome {
        let mirror = self.svc.call("mirror", args![]).await?;
        let part = |name: &str| mirror.get(name).map(|part| part.to_value()).unwrap_or_default();
        let mut to = WritableStream::take(&part("writable"))?;
        let mut from = ReadableStream::take(&part("readable"))?;
        let size = dice.size(14);
        let bytes = dice.bytes(size);
        let write = async {
            to.write(bytes.clone()).await?;
            to.close().await
        };
        let (written, read) = futures::join!(write, from.read_all(1 << 20));
        written?;
        hold(read? == bytes, || "the mirror shows something else".into())
    }
}
