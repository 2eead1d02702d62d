//! Rust's types go in and out.

use std::collections::BTreeMap;

use bowline::worker::value::{BigInt, Value, from_value, to_value, value};
use serde::{Deserialize, Serialize};

use crate::resource::stub;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Point,
    Circle(f64),
    Pair(i8, i8),
    Box { width: u32, height: u32 },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    order_id: u64,
    price: f32,
    tags: Vec<String>,
    note: Option<String>,
    letter: char,
    shapes: Vec<Shape>,
    by_name: BTreeMap<String, (i32, bool)>,
    by_number: BTreeMap<i16, ()>,
}

fn order() -> Order {
    Order {
        order_id: 1 << 60,
        price: 1.5,
        tags: vec!["a".into(), "\u{20ac}".into()],
        note: None,
        letter: '\u{e9}',
        shapes: vec![
            Shape::Point,
            Shape::Circle(-0.0),
            Shape::Pair(-1, 1),
            Shape::Box { width: 1, height: 2 },
        ],
        by_name: [("x".into(), (1, true))].into(),
        by_number: [(-3, ()), (7, ())].into(),
    }
}

#[test]
fn a_struct_goes_in_and_comes_out() {
    // C-V9
    let value = to_value(&order()).expect("it has a form");
    assert_eq!(
        format!("{value:?}"),
        "{ orderId: 1152921504606846976n, price: 1.5, tags: [ 'a', '\u{20ac}' ], note: undefined, letter: '\u{e9}', \
         shapes: [ 'Point', { Circle: -0 }, { Pair: [ -1, 1 ] }, { Box: { width: 1, height: 2 } } ], \
         byName: { x: [ 1, true ] }, byNumber: { '7': undefined, '-3': undefined } }"
    );
    assert_eq!(from_value::<Order>(&value), Ok(order()));
}

#[test]
fn what_javascript_has_is_what_rust_asks_for() {
    // C-V9
    assert_eq!(from_value::<Vec<u8>>(&Value::uint8_array(vec![1, 2])), Ok(vec![1, 2]));
    assert_eq!(
        from_value::<&serde_bytes::Bytes>(&Value::array_buffer(vec![1]))
            .map(|bytes| bytes.to_vec()),
        Ok(vec![1])
    );
    assert_eq!(from_value::<Vec<f64>>(&Value::set([1, 2])), Ok(vec![1.0, 2.0]));
    let pairs = Value::map([(1, "a"), (2, "b")]);
    assert_eq!(from_value::<BTreeMap<u8, &str>>(&pairs), Ok([(1, "a"), (2, "b")].into()));
    assert_eq!(from_value::<i64>(&BigInt::from(i64::MIN).into()), Ok(i64::MIN));
    assert_eq!(from_value::<u128>(&BigInt::from(u128::MAX).into()), Ok(u128::MAX));
    assert_eq!(from_value::<(i32, f64)>(&value!([(-0.0), 5])), Ok((0, 5.0)));
    assert_eq!(from_value::<f64>(&Value::date(5.0)), Ok(5.0));
    assert_eq!(from_value::<u8>(&Value::boxed(5).expect("a number")), Ok(5));
    let holes: Vec<Option<u8>> = from_value(&Value::sparse_array(3, [(1, 1)])).expect("options");
    assert_eq!(holes, [None, Some(1), None]);
    #[derive(Debug, PartialEq, Deserialize)]
    struct Failure {
        name: String,
        message: String,
        code: u8,
    }
    let error = Value::error("MyError", "no", [("code", 5)]);
    let read = from_value::<Failure>(&error).expect("an error's parts");
    assert_eq!(read, Failure { name: "MyError".into(), message: "no".into(), code: 5 });
    let text = value!(["borrowed"]);
    assert_eq!(from_value::<Vec<&str>>(&text), Ok(vec!["borrowed"]));
}

#[test]
fn errors_tell_where_what_was_expected_and_what_is_there() {
    // C-V9
    let told =
        |value: Value| from_value::<Vec<Order>>(&value).expect_err("it does not fit").to_string();
    assert_eq!(told(value!(5)), "expected a sequence, found integer `5`");
    assert_eq!(told(value!([{}])), "[0].orderId: expected a property, found none");
    assert_eq!(
        told(value!([{ orderId: 1.5 }])),
        "[0].orderId: expected u64, found floating point `1.5`"
    );
    assert_eq!(told(value!([{ tags: ["x", null] }])), "[0].tags[1]: expected a string, found null");
    assert_eq!(
        told(value!([{ shapes: [{ Box: { width: "w" } }] }])),
        "[0].shapes[0].Box.width: expected u32, found string \"w\""
    );
    assert_eq!(
        told(value!([{ tags: [(stub())] }])),
        "[0].tags[0]: expected a string, found RpcStub"
    );
    let error = from_value::<u8>(&value!(300)).expect_err("too large");
    assert_eq!(
        (error.path().as_str(), error.expected(), error.found()),
        ("", "u8", "integer `300`")
    );
    let keys: BTreeMap<(u8, u8), u8> = [((1, 2), 3)].into();
    assert_eq!(to_value(&keys).expect_err("no key").to_string(), "expected a key, found Array");
}

#[test]
fn a_value_inside_a_struct_stays_what_it_is() {
    // C-V9: stubs, dates, circles, undefined
    #[derive(Serialize, Deserialize)]
    struct Mixed {
        count: u8,
        any: Value,
        list: Vec<Value>,
    }
    let mut graph = bowline::worker::value::Graph::new();
    let ring = graph.object();
    graph.set(ring, "self", ring);
    let ring = graph.finish(ring);
    let mixed = Mixed {
        count: 1,
        any: ring.clone(),
        list: vec![stub(), Value::date(1.0), Value::UNDEFINED],
    };
    let value = to_value(&mixed).expect("it has a form");
    assert!(value.get("any").expect("it").to_value().same(&ring));
    let back: Mixed = from_value(&value).expect("its own form");
    assert!(back.any.same(&ring) && back.list[0].same(&mixed.list[0]));
    assert_eq!((back.count, &back.list[1..]), (1, &mixed.list[1..]));
    assert!(from_value::<Value>(&ring).expect("any value").same(&ring));
}

#[test]
fn other_formats_see_a_value_as_data() {
    // C-V9
    let value = value!({ a: [1, 1.5, null, "x"], b: { c: true } });
    let json = serde_json::to_string(&value).expect("data");
    assert_eq!(json, r#"{"a":[1,1.5,null,"x"],"b":{"c":true}}"#);
    assert_eq!(serde_json::from_str::<Value>(&json).expect("JSON"), value);
    assert!(serde_json::to_string(&value!([(stub())])).is_err());
    let mut graph = bowline::worker::value::Graph::new();
    let ring = graph.array();
    graph.push(ring, ring);
    let ring = graph.finish(ring);
    assert!(serde_json::to_string(&ring).is_err());
    assert!(
        from_value::<serde_json::Value>(&ring)
            .is_err_and(|error| error.to_string().ends_with("or a circle"))
    );
}

#[test]
fn holes_by_the_billion_are_not_made_items() {
    // C-V5
    let holes = Value::sparse_array(u32::MAX, [(0, 1)]);
    let error = from_value::<Vec<Option<u8>>>(&holes).expect_err("four billion");
    assert!(error.to_string().contains("4294967294 holes"), "{error}");
}
