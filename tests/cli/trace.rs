//! Pages of sessions: what stands on them, in a real browser, and what recordings they are made of.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::process::Stdio;

use bowline::trace::{Recorder, Session, Side};
use bowline::wire::{
    AnswerId, Bootstrap, Call, CapDescriptor, Content, Context, Disembargo, EmbargoId, Exception,
    ExportId, Finish, ImportId, Message, MessageTarget, Outcome, Path as Fields, Payload,
    PromisedAnswer, QuestionId, Release, Resolution, Resolve, Return, SendResultsTo,
};
use serde_json::Value;

use crate::browser::Browser;
use crate::browser::tempfolder::Folder;
use crate::support::{Ran, Serving, bowline, run};

const SHELF: u64 = 0xd35c_01be_11fa_7e01;

fn ask(question: u32) -> Message {
    Message::Bootstrap(Bootstrap { question: QuestionId(question) })
}

fn on_results(question: u32) -> MessageTarget {
    let path = Fields::root().field(0);
    MessageTarget::PromisedAnswer(PromisedAnswer { question: QuestionId(question), path })
}

fn on_import(import: u32) -> MessageTarget {
    MessageTarget::ImportedCap(ImportId(import))
}

fn call(question: u32, target: MessageTarget, method: u16, caps: Vec<CapDescriptor>) -> Message {
    let build = |mut root: capnp::any_pointer::Builder<'_>| root.set_as("<b>ahoy</b>");
    let content = Content::build(4, build).expect("it is built in memory");
    Message::Call(Box::new(Call {
        question: QuestionId(question),
        target,
        interface: SHELF,
        method,
        params: Payload { content, caps },
        results_to: SendResultsTo::Caller,
        no_promise_pipelining: false,
        only_promise_pipeline: false,
    }))
}

fn give_back(answer: u32, outcome: Outcome) -> Message {
    Message::Return(Box::new(Return {
        answer: AnswerId(answer),
        release_param_caps: false,
        no_finish_needed: false,
        outcome,
    }))
}

fn results(answer: u32, caps: Vec<CapDescriptor>) -> Message {
    let content = if caps.is_empty() { Content::null() } else { Content::capability(0) };
    give_back(answer, Outcome::Results(Payload { content, caps }))
}

fn finish(question: u32) -> Message {
    Message::Finish(Finish {
        question: QuestionId(question),
        release_result_caps: false,
        require_early_cancellation_workaround: false,
    })
}

fn release(import: u32) -> Message {
    Message::Release(Release { import: ImportId(import), reference_count: 1 })
}

fn hosted(export: u32) -> CapDescriptor {
    CapDescriptor::SenderHosted(ExportId(export))
}

fn disembargo(target: MessageTarget, context: Context) -> Message {
    Message::Disembargo(Disembargo { target, context })
}

/// A session with a bit of everything, and at its end a leak, a call nobody answers and an embargo.
fn talk(session: &mut Session) {
    use Side::{Left, Right};
    let fallen = Exception::failed("the shelf fell down");
    let promise = CapDescriptor::SenderPromise(ExportId(7));
    let to = Resolution::Cap(CapDescriptor::ReceiverHosted(ImportId(3)));
    let said = [
        (Left, ask(0)),
        (Left, call(1, on_results(0), 0, vec![hosted(3)])),
        (Left, call(2, on_results(1), 1, vec![])),
        (Right, results(0, vec![hosted(0)])),
        (Right, results(1, vec![hosted(1)])),
        (Left, finish(0)),
        (Right, give_back(2, Outcome::Exception(fallen))),
        (Left, finish(1)),
        (Left, finish(2)),
        (Left, call(1, on_import(1), 2, vec![])),
        (Right, results(1, vec![promise])),
        (Left, finish(1)),
        (Left, release(1)),
        (Left, call(4, on_import(7), 3, vec![])),
        (Right, Message::Resolve(Resolve { promise: ExportId(7), resolution: to })),
        (Left, disembargo(on_import(7), Context::SenderLoopback(EmbargoId(0)))),
        (Left, call(5, on_import(0), 4, vec![])),
        (Left, call(6, on_results(5), 5, vec![])),
    ];
    for (from, mut message) in said {
        session.message(from, &mut message);
    }
}

/// A page of what `talk` does to a session.
fn page(folder: &Folder, talk: impl FnOnce(&mut Session)) -> std::path::PathBuf {
    let recorder = Recorder::ring(64 << 20);
    let mut session = recorder.open("desk", "library");
    talk(&mut session);
    let tape = folder.file("session.tape");
    recorder.save(BufWriter::new(File::create(&tape).expect("a new file"))).expect("there is room");
    let page = folder.file("session.html");
    made(&[&tape], &page).succeeds();
    page
}

fn made(files: &[&Path], page: &Path) -> Ran {
    let mut arguments = vec!["trace", "-o", page.to_str().expect("text")];
    arguments.extend(files.iter().map(|file| file.to_str().expect("text")));
    run(&arguments)
}

/// The sessions in a page.
fn sessions(page: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(page).expect("it was made");
    let (_, behind) = text.split_once("type=\"application/json\">").expect("it has data");
    let (data, _) = behind.split_once("</script>").expect("they end");
    serde_json::from_str(data).expect("they can be read")
}

/// What stands in a table of one side, on the page: the id, and what is said of it.
async fn table(browser: &mut Browser, side: &str, table: &str) -> Vec<String> {
    let rows = format!(
        "[...document.querySelectorAll('#panel [data-side={side}] [data-table={table}] tr:not(.gone)')] \
         .map((row) => [...row.cells].map((cell) => cell.innerText).join(' '))"
    );
    serde_json::from_value(browser.eval(&rows).await).expect("texts")
}

#[tokio::test]
async fn a_message_is_clicked_and_the_tables_behind_it_are_read() {
    let folder = Folder::new("page");
    let page = page(&folder, talk);
    let mut browser = Browser::open(&page, (1500, 900)).await;
    assert_eq!(browser.text("#end-left").await, "desk");
    assert_eq!(browser.count(".row").await, 18);

    browser.click(".row[data-line='4'] .label").await;
    assert!(browser.text("#panel .message h2").await.contains("return a1"));
    let q = format!("{SHELF:#x}");
    assert_eq!(
        table(&mut browser, "left", "questions").await,
        [
            "q0 bootstrap returned #0".to_owned(),
            format!("q1 q0.0 @{q}.0 returned #1"),
            format!("q2 q1.0 @{q}.1 waits #2")
        ]
    );
    assert_eq!(table(&mut browser, "left", "exports").await, ["e3 object ×1 #1"]);
    assert_eq!(
        table(&mut browser, "left", "imports").await,
        ["i0 object ×1 #3", "i1 object ×1 #4"]
    );
    assert_eq!(
        table(&mut browser, "right", "exports").await,
        ["e0 object ×1 #3", "e1 object ×1 #4"]
    );
    assert_eq!(table(&mut browser, "right", "imports").await, ["i3 object ×1 #1"]);
    assert_eq!(table(&mut browser, "right", "answers").await.len(), 3);
    // The export it made is new, the question it answers changed.
    assert_eq!(browser.text("[data-side=right] tr.new th").await, "e1");
    assert_eq!(browser.text("[data-side=left] tr.changed th").await, "q1");
    // What it answers, the bootstrap below it and the call on its results stand out.
    let kin = "[...document.querySelectorAll('.row')].map((row) => row.className.match(/kin-(\\w+)/)?.[1] ?? '').join()";
    assert_eq!(
        browser.eval(kin).await,
        "above,self,below,above,self,above,below,self,below,,,,,,,,,"
    );
    assert_eq!(browser.count(".row[data-line='2'] .badge").await, 1, "it was pipelined");

    // Back to a message before: the tables are what they were.
    browser.press("Home").await;
    assert_eq!(table(&mut browser, "left", "questions").await, ["q0 bootstrap waits #0"]);
    assert!(table(&mut browser, "left", "exports").await.is_empty());
    browser.press("End").await;
    assert_eq!(table(&mut browser, "left", "embargoes").await, ["m0 i7 set #15"]);
    assert_eq!(table(&mut browser, "right", "exports").await.len(), 2);
    browser.press("ArrowUp").await;
    assert!(browser.text("#panel .message h2").await.contains("call q5"));
}

#[tokio::test]
async fn a_filter_shows_what_it_asks_for_and_keys_walk_what_is_shown() {
    let folder = Folder::new("page");
    let page = page(&folder, talk);
    let mut browser = Browser::open(&page, (1200, 800)).await;
    browser.press("/").await;
    browser.write("q2").await;
    // Asked, returned (as the answer it is there), finished, and made on.
    assert_eq!(browser.text("#shown").await, "3 of 18");
    assert_eq!(browser.count(".row").await, 3);
    browser.press("ArrowDown").await;
    assert!(browser.text("#panel .message h2").await.contains("call q2"));
    browser.press("ArrowDown").await;
    assert!(browser.text("#panel .message h2").await.contains("the shelf fell down"));
    browser.press("Escape").await;
    assert_eq!(browser.count(".row").await, 18);
    browser.press("[").await;
    assert!(browser.text("#panel .message h2").await.contains("call q2"), "the question itself");
    browser.press("p").await;
    assert!(browser.text("#panel .message h2").await.contains("call q1"), "what it is made on");
    browser.click("[data-kind=call]").await;
    assert_eq!(browser.text("#shown").await, "11 of 18");
    browser.press("/").await;
    browser.write("failed").await;
    assert_eq!(browser.count(".row").await, 1);
    // What a peer said is shown, and nothing more.
    browser.press("Escape").await;
    browser.click(".row[data-line='1']").await;
    assert!(browser.text("#panel pre").await.contains("<b>ahoy</b>"));
}

#[tokio::test]
async fn leaks_and_stalls_are_found_and_lead_to_where_they_began() {
    let folder = Folder::new("page");
    let page = page(&folder, talk);
    let mut browser = Browser::open(&page, (1500, 900)).await;
    assert_eq!(browser.text("#leak-count").await, "3");
    assert_eq!(browser.text("#stall-count").await, "4");
    browser.press("l").await;
    assert_eq!(browser.count("#leaks").await, 1);
    let leaks = browser.text("#leaks").await;
    for told in ["Capabilities still held", "e3", "e7", "params of", "Embargoes never lifted", "m0"]
    {
        assert!(leaks.contains(told), "no `{told}` in {leaks}");
    }
    assert!(leaks.contains("The bootstrap, held as long as the connection"), "{leaks}");
    browser.click("#leaks tr[data-id=e3] a").await;
    assert!(browser.text("#panel .message h2").await.contains("#1 call q1"));
    assert_eq!(browser.count("#leaks").await, 0);
    browser.click("[data-view=stalls]").await;
    let oldest = browser.text("#stalls tr").await;
    assert!(oldest.starts_with("q4"), "{oldest}");
    let stalls = browser.text("#stalls").await;
    assert!(
        stalls.contains("for the results of q5") && stalls.contains("The slowest answers"),
        "{stalls}"
    );
}

#[tokio::test]
async fn a_long_session_is_shown_in_light_and_in_dark() {
    const CALLS: u32 = 5000;
    let folder = Folder::new("page");
    let page = page(&folder, |session| {
        session.message(Side::Left, &mut ask(0));
        session.message(Side::Right, &mut results(0, vec![hosted(0)]));
        for number in 0..CALLS {
            session.message(Side::Left, &mut call(1, on_import(0), 0, vec![]));
            // A leak: what is given is never released.
            session.message(Side::Right, &mut results(1, vec![hosted(number + 1)]));
            session.message(Side::Left, &mut finish(1));
        }
    });
    let mut browser = Browser::open(&page, (1500, 900)).await;
    assert!(browser.text("#facts").await.starts_with("15\u{202f}002 messages"));
    assert!(browser.count(".row").await < 100, "rows that cannot be seen are not there");
    let moves = "(() => { const from = performance.now(); \
        for (let n = 0; n < 50; n += 1) document.body.dispatchEvent(new KeyboardEvent('keydown', { key: n % 2 ? 'Home' : 'End', bubbles: true })); \
        return (performance.now() - from) / 50; })()";
    let milliseconds = browser.eval(moves).await.as_f64().expect("a number");
    assert!(milliseconds < 1000.0, "from end to end takes {milliseconds} ms");
    browser.press("End").await;
    assert_eq!(browser.text("[data-side=right] [data-table=exports] h4 b").await, "5\u{202f}001");
    browser.press("l").await;
    let group = browser.text("#leaks .groups li").await;
    assert!(group.contains("5\u{202f}000") && group.contains("results of"), "{group}");

    let paper = "getComputedStyle(document.body).backgroundColor";
    browser.prefer("light").await;
    let light = browser.eval(paper).await;
    browser.prefer("dark").await;
    let dark = browser.eval(paper).await;
    assert_ne!(light, dark);
    browser.click("#theme").await;
    assert_eq!(browser.eval(paper).await, light, "the reader's wish comes first");
}

#[test]
fn what_passes_between_two_programs_is_recorded_and_passes_as_it_is() {
    let folder = Folder::new("live");
    let serving = Serving::at("http://127.0.0.1:0");
    let (page, tape) = (folder.file("live.html"), folder.file("live.tape"));
    let (page, tape) = (page.to_str().expect("text"), tape.to_str().expect("text"));
    let tracing = Serving::tracing(&serving.address, &["-o", page, "--save", tape]);
    let counted = format!("http://127.0.0.1:{}", tracing.port());
    let ran = run(&["call", &counted, "newCounter(2).increment(5)"]);
    ran.succeeds();
    assert_eq!(ran.out, "7\n");
    // It ends as its only client has left.
    tracing.ended().succeeds();
    serving.end("TERM").succeeds();
    let live = sessions(Path::new(page));
    assert_eq!(live.len(), 1);
    let lines = live[0]["lines"].as_array().expect("lines");
    let told = |line: &Value| line["x"].as_str().expect("a text").to_owned();
    assert_eq!(told(&lines[0]), "CONNECT rpc.internal HTTP/1.1");
    assert!(lines.iter().any(|line| line["k"] == "call"));
    assert!(lines.iter().all(|line| line.get("n").is_none()), "a message that cannot be");
    let times: Vec<_> = lines.iter().map(|line| line["t"].as_u64().expect("a time")).collect();
    assert!(times.is_sorted() && times.last() > Some(&0));
    // The recording gives the same page.
    let again = folder.file("again.html");
    made(&[Path::new(tape)], &again).succeeds();
    assert_eq!(sessions(&again), live);
}

#[test]
fn ctrl_c_ends_a_trace_with_what_was_seen_so_far() {
    let folder = Folder::new("live");
    let serving = Serving::at("tcp:127.0.0.1:0");
    let page = folder.file("live.html");
    let tracing = Serving::tracing(&serving.address, &["-o", page.to_str().expect("text")]);
    let mut client =
        std::net::TcpStream::connect(("127.0.0.1", tracing.port())).expect("it listens");
    let mut bytes = Vec::new();
    ask(0).encode().append_to(&mut bytes);
    std::io::Write::write_all(&mut client, &bytes).expect("connected");
    let mut answer = [0; 8];
    std::io::Read::read_exact(&mut client, &mut answer).expect("it answers");
    tracing.end("INT").succeeds();
    let seen = sessions(&page);
    let kinds: Vec<_> =
        seen[0]["lines"].as_array().expect("lines").iter().map(|line| &line["k"]).collect();
    assert_eq!(kinds, ["bootstrap", "return"]);
    drop(client);
    serving.end("TERM").succeeds();
}

fn bytes(messages: impl IntoIterator<Item = Message>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for message in messages {
        message.encode().append_to(&mut bytes);
    }
    bytes
}

#[test]
fn directions_recorded_apart_are_put_together() {
    let folder = Folder::new("apart");
    let (left, right) = (folder.file("left.bin"), folder.file("right.bin"));
    let asked = bytes([
        ask(0),
        call(1, on_results(0), 0, vec![]),
        finish(0),
        finish(1),
        release(0),
        ask(0),
    ]);
    std::fs::write(&left, [b"CONNECT desk HTTP/1.1\r\n\r\n".as_slice(), &asked].concat())
        .expect("a new file");
    let said =
        bytes([results(0, vec![hosted(0)]), results(1, vec![]), results(0, vec![hosted(0)])]);
    std::fs::write(&right, [b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &said].concat())
        .expect("a new file");
    let page = folder.file("page.html");
    let ran = made(&[&left, &right], &page);
    ran.succeeds();
    assert!(ran.out.ends_with("page.html: 9 messages of 1 session\n"), "{ran:?}");
    let lines = sessions(&page).remove(0)["lines"].take();
    let told: Vec<_> = lines
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| line["x"].as_str().expect("a text"))
        .collect();
    assert_eq!(
        told[..4],
        [
            "CONNECT desk HTTP/1.1",
            "HTTP/1.1 200 OK",
            "bootstrap q0",
            "call q1 → q0.0 @0xd35c01be11fa7e01.0 params 19 words"
        ]
    );
    assert_eq!(
        told[4..],
        [
            "return a0 results cap 0 [e0]",
            "return a1 results null",
            "finish q0",
            "finish q1",
            "release i0 ×1",
            "bootstrap q0",
            "return a0 results cap 0 [e0]"
        ]
    );
}

#[test]
fn hostile_recordings_make_a_page_or_one_line() {
    let folder = Folder::new("hostile");
    let (file, page) = (folder.file("bytes"), folder.file("page.html"));
    let whole = {
        let recorder = Recorder::ring(1 << 20);
        let mut session = recorder.open("a\nb", "</script><script>alert(1)</script>");
        talk(&mut session);
        let mut tape = Vec::new();
        recorder.save(&mut tape).expect("there is room");
        tape
    };
    // Cut anywhere, as by a program that was killed.
    for length in (16..whole.len()).step_by(97) {
        std::fs::write(&file, &whole[..length]).expect("there is room");
        made(&[&file], &page).succeeds();
    }
    // Or flipped.
    for at in (16..whole.len()).step_by(61) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x91;
        std::fs::write(&file, &bytes).expect("there is room");
        let ran = made(&[&file], &page);
        assert!(ran.code == Some(0) || ran.err.lines().count() == 1, "{ran:?}");
    }
    // A name is no markup.
    std::fs::write(&file, &whole).expect("there is room");
    made(&[&file], &page).succeeds();
    assert_eq!(sessions(&page)[0]["right"], "</script><script>alert(1)</script>");
    for bytes in [b"".as_slice(), b"garbage, and no head of HTTP", &[0xff; 64], &whole[..9]] {
        std::fs::write(&file, bytes).expect("there is room");
        made(&[&file], &page).succeeds();
    }
}

#[test]
fn what_cannot_be_shown_is_told_in_one_line() {
    let folder = Folder::new("usage");
    let page = folder.file("page.html");
    made(&[Path::new("nowhere-at-all.bin")], &page)
        .fails(1, &["nowhere-at-all.bin", "No such file"]);
    let page = page.to_str().expect("text");
    run(&["trace", "x", "-o", "/nowhere/at/all.html"]).fails(1, &["No such file"]);
    run(&["trace", "x"]).fails(2, &["--output"]);
    run(&["trace", "-o", page]).fails(2, &["FILE"]);
    run(&["trace", "-o", page, "--listen", "stdio"]).fails(2, &["--connect"]);
    run(&["trace", "-o", page, "--listen", "stdio", "--connect", "stdio"])
        .fails(2, &["only one side"]);
    let same = "tcp:127.0.0.1:1";
    run(&["trace", "-o", page, "--listen", same, "--connect", same])
        .fails(2, &["finds only itself"]);
    let mut help = bowline(&["trace", "--help"]);
    let help = Ran::from(help.stdin(Stdio::null()).output().expect("the program is built"));
    help.succeeds();
    for word in ["--listen", "--connect", "--save", "--last", "recording", "Ctrl-C"] {
        assert!(help.out.contains(word), "no `{word}` in {help:?}");
    }
}

/// Real processes of another implementation, recorded; not everybody has them.
#[test]
fn recordings_of_another_implementation_say_nothing_that_cannot_be() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/workerd/recordings");
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let scratch = Folder::new("recordings");
    let page = scratch.file("page.html");
    let mut shown = 0;
    for entry in entries.flatten() {
        let left = entry.path();
        let name = left.to_str().expect("text").to_owned();
        let Some(name) = name.strip_suffix(".c2s.bin") else { continue };
        let right = format!("{name}.s2c.bin");
        // Each of one connection, that ended in good order.
        let told = std::fs::read_to_string(format!("{name}.txt")).unwrap_or_default();
        if !Path::new(&right).exists() || told.contains(" conn2 ") || !told.contains("c2s EOF") {
            continue;
        }
        made(&[&left, Path::new(&right)], &page).succeeds();
        let sessions = sessions(&page);
        for session in &sessions {
            let lines = session["lines"].as_array().expect("lines");
            if !lines.iter().any(|line| line["k"] == "call") {
                continue;
            }
            assert!(lines.iter().all(|line| line.get("n").is_none()), "{name}: {lines:?}");
            shown += 1;
        }
    }
    assert!(shown > 100, "{shown} recordings were shown");
}
