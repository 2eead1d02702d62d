//! Values printed: as Node prints them.

use bowline::worker::value::{
    Blob, DomException, ExternalKind, Graph, Headers, Limits, Value, ViewKind, decode, to_json,
    value,
};

use crate::node::{Node, from_hex};
use crate::resource::{external, stub};

#[test]
fn whatever_node_prints_is_printed_so() {
    // C-Y5, C-Y6
    let mut node = Node::start();
    for seed in 0..4000 {
        let (bytes, shown) = node.ask(&format!("show {seed}")).expect("it has all of it");
        let value = decode(bytes, Vec::new(), &Limits::receiving()).expect("what V8 wrote");
        let shown: Vec<String> =
            shown.split(',').map(|text| String::from_utf8(from_hex(text)).expect("text")).collect();
        let json = to_json(&value).unwrap_or_else(|why| why.to_string());
        for (ours, nodes) in
            [value.inspect().to_string(), format!("{:#}", value.inspect()), json].iter().zip(&shown)
        {
            let apart = ours.lines().zip(nodes.lines()).find(|(ours, nodes)| ours != nodes);
            assert!(ours == nodes, "seed {seed}: {apart:#?}");
        }
    }
}

#[test]
fn objects_of_the_runtime_are_printed_by_class_and_content() {
    let headers: Headers = [("accept", "*/*"), ("b", "it's")].into_iter().collect();
    let headers = Value::headers(headers);
    assert_eq!(headers.inspect().to_string(), r#"Headers { accept: '*/*', b: "it's" }"#);
    let deep = value!({ a: { b: { c: (headers.clone()) } } });
    assert_eq!(
        deep.inspect().to_string(),
        r#"{ a: { b: { c: Headers { accept: '*/*', b: "it's" } } } }"#
    );
    let blob = Value::blob(Blob { content_type: "a/b".into(), bytes: "abc".into() });
    assert_eq!(blob.inspect().to_string(), "Blob { size: 3, type: 'a/b' }");
    assert_eq!(Value::aborted_signal("why").inspect().to_string(), "AbortSignal { aborted: true }");
    let exception = DomException {
        name: "AbortError".into(),
        message: "it was enough".into(),
        stack: String::new(),
    };
    assert_eq!(
        Value::dom_exception(exception).inspect().to_string(),
        "[DOMException [AbortError]: it was enough]"
    );
    let response = Value::response(Value::NULL, value!({ status: 404 }));
    assert_eq!(response.inspect().to_string(), "Response { body: null, status: 404 }");
    for (kind, text) in [
        (ExternalKind::RpcTarget, "{ it: RpcStub {} }"),
        (ExternalKind::Service, "{ it: Fetcher {} }"),
        (ExternalKind::ReadableStream, "{ it: ReadableStream {} }"),
    ] {
        let value = Value::object([("it", Value::external(external(kind)))]);
        assert_eq!(value.inspect().to_string(), text);
    }
}

#[test]
fn an_error_of_a_class_that_is_not_known_says_so() {
    // As node prints `const e = new Error('no'); e.name = …` without a stack.
    let error = Value::error("MyError", "no", [("code", 5)]);
    assert_eq!(error.inspect().to_string(), "[Error [MyError]: no] { code: 5 }");
    let many = Value::error("AggregateError", "all", [("errors", value!([(error)]))]);
    assert_eq!(
        many.inspect().to_string(),
        "[AggregateError: all] {\n  [errors]: [ [Error [MyError]: no] { code: 5 } ]\n}"
    );
    let odd: [(&str, Value); 0] = [];
    assert_eq!(Value::error("Odd", "", odd).inspect().to_string(), "[Odd]");
}

#[test]
fn what_a_runtime_has_and_json_has_not_is_left_out() {
    let value = value!({ stub: (stub()), list: [(stub()), (ViewKind::Uint8Array.name())] });
    assert_eq!(to_json(&value).expect("it has one"), r#"{"list":[null,"Uint8Array"]}"#);
    assert_eq!(to_json(&stub()).expect("null has one"), "null");
    assert_eq!(to_json(&Value::UNDEFINED).expect("null has one"), "null");
    let error = Value::error("Error", "m", [("code", value!(5)), ("cause", value!(6))]);
    assert_eq!(to_json(&error).expect("it has one"), r#"{"code":5}"#);
}

#[test]
fn a_few_bytes_that_print_as_many_do_not() {
    // Each level refers twice to the next.
    let bomb = (0..60).fold(value!(0), |inner, _| value!([(inner.clone()), (inner)]));
    assert_eq!(
        bomb.inspect().to_string(),
        "[\n  [ [ [Array], [Array] ], [ [Array], [Array] ] ],\n  [ [ [Array], [Array] ], [ [Array], [Array] ] ]\n]"
    );
    let holes = Value::sparse_array(u32::MAX, [(7, 1)]);
    assert_eq!(holes.inspect().to_string(), "[ <7 empty items>, 1, <4294967287 empty items> ]");
    assert_eq!(
        to_json(&holes).expect_err("it is long").to_string(),
        "RangeError: Invalid string length"
    );
    let mut graph = Graph::new();
    let (one, other) = (graph.object(), graph.map());
    graph.set(one, "map", other);
    graph.insert(other, "one", one);
    let circle = graph.finish(one);
    assert_eq!(circle.inspect().to_string(), "<ref *1> { map: Map(1) { 'one' => [Circular *1] } }");
}
