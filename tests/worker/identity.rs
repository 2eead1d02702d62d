//! Objects are themselves, however often they are referred to.

use bowline::worker::value::{Graph, Limits, Value, View, ViewKind, decode, encode, value};

use crate::resource::stub;

fn passed(value: &Value) -> Value {
    let sent = encode(value, &Limits::default()).expect("it can be sent");
    decode(sent.bytes, sent.externals, &Limits::receiving()).expect("it can be read")
}

fn is_send_and_sync<T: Send + Sync>() {}

#[test]
fn a_value_may_go_to_another_thread() {
    // C-V1
    is_send_and_sync::<Value>();
    let value = value!({ list: [1, "two", (stub())] });
    let there = std::thread::spawn(move || {
        value.get("list").and_then(|list| list.at(1)).map(View::to_value)
    });
    assert_eq!(there.join().expect("no panic"), Some("two".into()));
}

#[test]
fn an_object_told_twice_is_one_object() {
    // C-V3, rule 20
    let shared = value!({ a: 1 });
    let back = passed(&value!([(shared.clone()), { inner: (shared.clone()) }, (shared)]));
    let item = |at| back.at(at).expect("an item").to_value();
    assert!(item(0).same(&item(2)));
    assert!(item(0).same(&item(1).get("inner").expect("a property").to_value()));
    let twins = passed(&value!([{ a: 1 }, { a: 1 }]));
    assert!(
        !twins.at(0).expect("one").to_value().same(&twins.at(1).expect("the other").to_value())
    );
    assert_ne!(twins, value!([(Value::NULL), (Value::NULL)]));
    // Aliases are part of what a value is.
    let one = value!({});
    assert_ne!(value!([(one.clone()), (one)]), value!([{}, {}]));
}

#[test]
fn a_circle_stays_a_circle_and_leaks_nothing() {
    // C-V3, rule 20
    let mut graph = Graph::new();
    let (object, list, map, error) =
        (graph.object(), graph.array(), graph.map(), graph.error("TypeError", "round"));
    graph.set(object, "self", object);
    graph.set(object, "list", list);
    graph.push(list, map);
    graph.set(list, "back", object);
    graph.insert(map, object, list);
    graph.set(error, "code", 7);
    graph.set(object, "error", error);
    let witness = stub();
    graph.push(list, &witness);
    let circle = graph.finish(object);
    let back = passed(&circle);
    assert_eq!(back, circle);
    assert!(back.get("self").expect("itself").to_value().same(&back));
    let Some(View::Map(map)) = back.get("list").and_then(|list| list.at(0)) else {
        panic!("a Map")
    };
    assert!(
        map.get(back.view())
            .expect("the list")
            .to_value()
            .same(&back.get("list").expect("it").to_value())
    );
    // Whoever still holds a part holds the circle; then nobody does.
    let part = circle.get("list").expect("it").to_value();
    drop((circle, back));
    assert_eq!(part.as_array().map(|list| list.len()), Some(2));
    let external = witness.as_external().expect("a stub").clone();
    drop((part, witness));
    let alone = external.downcast::<crate::resource::Dummy>().expect("what it is");
    assert_eq!(std::sync::Arc::strong_count(&alone), 1);
}

#[test]
fn views_on_one_buffer_share_it_and_track_its_length() {
    // C-V3
    let buffer = Value::resizable_array_buffer(vec![7; 10], 20).expect("room");
    let view =
        |kind, offset, length| Value::buffer_view(kind, &buffer, offset, length).expect("it fits");
    let back = passed(&value!([
        (view(ViewKind::Uint8Array, 1, Some(3))),
        (view(ViewKind::Uint16Array, 4, None)),
        (buffer.clone()),
        (view(ViewKind::DataView, 10, None)),
    ]));
    let views: Vec<_> =
        back.as_array().expect("a list").iter().map(|item| item.expect("no hole")).collect();
    let [
        View::BufferView(one),
        View::BufferView(two),
        View::ArrayBuffer(of),
        View::BufferView(end),
    ] = views[..]
    else {
        panic!("{views:?}")
    };
    assert!([one, two, end].iter().all(|view| view.buffer().expect("a buffer").same(of)));
    assert_eq!((of.bytes().len(), of.max_bytes()), (10, Some(20)));
    assert_eq!((one.as_slice(), one.tracks_length()), (&[7; 3][..], false));
    assert_eq!((two.len(), two.tracks_length(), end.len()), (3, true, 0));
}

#[test]
fn what_does_not_fit_a_buffer_is_no_view_of_it() {
    let (fixed, wrong) = (Value::array_buffer(vec![0; 8]), Value::from(1));
    let view =
        |buffer, kind, offset, length| Value::buffer_view(kind, buffer, offset, length).is_some();
    assert!(view(&fixed, ViewKind::Uint32Array, 4, Some(4)));
    assert!(!view(&fixed, ViewKind::Uint32Array, 2, Some(4)), "not aligned");
    assert!(!view(&fixed, ViewKind::Uint32Array, 4, Some(3)), "not whole");
    assert!(!view(&fixed, ViewKind::Uint8Array, 8, Some(1)), "beyond the end");
    assert!(!view(&fixed, ViewKind::Uint8Array, 1, Some(usize::MAX)), "beyond all");
    assert!(
        !view(&fixed, ViewKind::Uint8Array, 0, None),
        "as long as a buffer that stays as it is"
    );
    assert!(!view(&wrong, ViewKind::Uint8Array, 0, Some(0)), "no buffer");
    assert!(Value::resizable_array_buffer(vec![0; 2], 1).is_none());
    assert!(Value::boxed(Value::NULL).is_none() && Value::regexp("a", "gg").is_none());
    assert!(Value::regexp("a", "uv").is_none() && Value::regexp("a", "q").is_none());
}

#[test]
fn bytes_and_latin1_are_where_the_message_is() {
    // C-V2: nothing is copied
    let long = "x".repeat(100);
    let sent =
        encode(&value!([(long.as_str()), (Value::uint8_array(vec![9; 100]))]), &Limits::default())
            .expect("small");
    let message = bytes::Bytes::from(sent.bytes);
    let within = |part: &[u8]| message.as_ptr_range().contains(&part.as_ptr());
    let back = decode(message.clone(), Vec::new(), &Limits::receiving()).expect("our own");
    let text =
        back.at(0).and_then(View::as_str).and_then(|text| text.as_latin1()).expect("Latin-1");
    assert!(within(text) && text.len() == 100);
    let Some(View::BufferView(view)) = back.at(1) else { panic!("a view") };
    assert!(within(view.as_slice()) && within(&view.bytes()));
}

#[test]
fn properties_are_in_the_order_javascript_has_them() {
    // C-V1
    let object = Value::object([
        ("b", 1),
        ("10", 2),
        ("a", 3),
        ("9", 4),
        ("b", 5),
        ("01", 6),
        ("4294967295", 7),
    ]);
    assert_eq!(format!("{object:?}"), "{ '9': 4, '10': 2, b: 5, a: 3, '01': 6, '4294967295': 7 }");
    assert_eq!(passed(&object), object);
    let many = Value::object((0..100).map(|at| (format!("k{}", at % 50), at)));
    assert_eq!(many.as_object().map(|object| object.len()), Some(50));
    assert_eq!(many.get("k3").and_then(View::as_f64), Some(53.0));
    // Lists are without holes if they have none.
    assert_eq!(Value::sparse_array(0, [(1, 1), (0, 0)]), value!([0, 1]));
    let holes = Value::sparse_array(4_294_967_295, [(7, "x")]);
    assert_eq!(
        holes.as_array().map(|list| (list.len(), list.is_sparse())),
        Some((4_294_967_295, true))
    );
    assert_eq!(passed(&holes), holes);
    assert!(holes.at(7).is_some() && holes.at(6).is_none() && holes.at(8).is_none());
}

#[test]
fn values_nested_a_million_deep_are_let_go() {
    let deep = (0..1_000_000).fold(Value::NULL, |inner, _| value!([(inner)]));
    drop(deep);
}
