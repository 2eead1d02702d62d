//! Values by chance, with everything the format has in them.

use bowline::worker::value::{BigInt, Graph, Text, Value, ViewKind};

/// The same seed, the same numbers.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).expect("31 bits") % limit
    }

    pub(crate) fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

/// Makes values; what it made before it uses again.
pub(crate) struct Maker {
    pub(crate) chance: Chance,
    made: Vec<Value>,
    /// Errors, which the comparison with V8's own form leaves out.
    pub(crate) errors: bool,
}

impl Maker {
    pub(crate) fn new(seed: u64) -> Self {
        Self { chance: Chance::new(seed), made: Vec::new(), errors: true }
    }

    pub(crate) fn value(&mut self, depth: usize) -> Value {
        if !self.made.is_empty() && self.chance.below(6) == 0 {
            let at = self.chance.below(self.made.len());
            return self.made[at].clone();
        }
        if depth == 0 || self.chance.below(3) == 0 {
            return self.primitive();
        }
        let value = self.object(depth - 1);
        self.made.push(value.clone());
        value
    }

    fn text(&mut self) -> Text {
        let top = self.chance.pick(&[0x7f, 0xff, 0xffff]);
        let length = self.chance.pick(&[4, 20, 200]);
        let units: Vec<u16> = (0..self.chance.below(length))
            .map(|_| u16::try_from(self.chance.below(top + 1)).expect("16 bits"))
            .collect();
        Text::from_utf16(&units)
    }

    fn number(&mut self) -> f64 {
        let small = self.chance.below(200) as f64;
        self.chance.pick(&[
            small - 100.0,
            small + 0.5,
            2_147_483_647.0 - small,
            2_147_483_647.0 + small,
            -2_147_483_648.0 - small,
            -0.0,
            f64::NAN,
            f64::INFINITY,
            5e-324,
            small * 9_007_199_254_740_993.0,
        ])
    }

    fn bigint(&mut self) -> BigInt {
        let digits = (0..self.chance.below(4)).map(|_| self.number().to_bits()).collect();
        BigInt::from_digits(self.chance.below(2) == 0, digits)
    }

    fn primitive(&mut self) -> Value {
        match self.chance.below(8) {
            0 => Value::UNDEFINED,
            1 => Value::NULL,
            2 => true.into(),
            3 => false.into(),
            4 => self.bigint().into(),
            5 => self.number().into(),
            _ => self.text().into(),
        }
    }

    fn values(&mut self, limit: usize, depth: usize) -> Vec<Value> {
        (0..self.chance.below(limit)).map(|_| self.value(depth)).collect()
    }

    fn entries(&mut self, limit: usize, depth: usize) -> Vec<(Text, Value)> {
        let key = |maker: &mut Self| match maker.chance.below(3) {
            0 => maker.chance.below(12).to_string().into(),
            1 => maker.chance.pick(&["-1", "1.5", "01", "4294967294", "4294967295"]).into(),
            _ => maker.text(),
        };
        (0..self.chance.below(limit)).map(|_| (key(self), self.value(depth))).collect()
    }

    fn object(&mut self, depth: usize) -> Value {
        match self.chance.below(13) {
            0 | 1 => Value::object(self.entries(6, depth)),
            2 => Value::array(self.values(8, depth)),
            3 => {
                let index =
                    |maker: &mut Self| u32::try_from(maker.chance.below(40)).expect("small");
                let items: Vec<_> =
                    (0..self.chance.below(5)).map(|_| (index(self), self.value(depth))).collect();
                Value::sparse_array(index(self), items)
            }
            4 => {
                // Keys of a Map differ: fresh objects and their numbers do.
                let pairs: Vec<_> = (0..self.chance.below(5))
                    .map(|at| (Value::from(at), self.value(depth)))
                    .collect();
                Value::map(pairs)
            }
            5 => Value::set((0..self.chance.below(5)).map(|at| Value::array([at]))),
            6 => Value::date(self.number()),
            7 => {
                let (source, flags) = self.chance.pick(&[
                    ("a+b", "gi"),
                    ("(?:)", ""),
                    ("\u{20ac}", "dgimsuy"),
                    ("x", "v"),
                ]);
                Value::regexp(source, flags).expect("known flags")
            }
            8 => {
                let primitive = match self.chance.below(4) {
                    0 => true.into(),
                    1 => self.number().into(),
                    2 => self.bigint().into(),
                    _ => Value::from(self.text()),
                };
                Value::boxed(primitive).expect("a primitive")
            }
            9 => self.buffer(),
            10 => self.view(),
            11 if self.errors => self.error(depth),
            _ => self.circle(depth),
        }
    }

    fn buffer(&mut self) -> Value {
        let length = self.chance.pick(&[0, 8, 16, 64]);
        let bytes: Vec<u8> =
            (0..length).map(|_| u8::try_from(self.chance.below(256)).expect("a byte")).collect();
        match self.chance.below(3) {
            0 => Value::resizable_array_buffer(bytes, length as u64 + 64).expect("room"),
            _ => Value::array_buffer(bytes),
        }
    }

    fn view(&mut self) -> Value {
        let buffers: Vec<_> = self
            .made
            .iter()
            .filter(|value| value.view().type_name() == "ArrayBuffer")
            .cloned()
            .collect();
        let buffer = match buffers.len() {
            0 => self.buffer(),
            many => buffers[self.chance.below(many)].clone(),
        };
        let kind = self.chance.pick(&[
            ViewKind::Int8Array,
            ViewKind::Uint8Array,
            ViewKind::Uint8ClampedArray,
            ViewKind::Uint16Array,
            ViewKind::Int32Array,
            ViewKind::Float32Array,
            ViewKind::Float64Array,
            ViewKind::BigUint64Array,
            ViewKind::DataView,
        ]);
        let (offset, length) = (self.chance.below(3) * 8, self.chance.below(3) * 8);
        let length = (self.chance.below(3) > 0).then_some(length);
        Value::buffer_view(kind, &buffer, offset, length).unwrap_or(buffer)
    }

    fn error(&mut self, depth: usize) -> Value {
        let name =
            self.chance.pick(&["Error", "TypeError", "RangeError", "AggregateError", "MyError"]);
        let mut properties = Vec::new();
        for key in ["stack", "cause", "code", "errors"] {
            if self.chance.below(2) == 0 {
                properties.push((key, self.value(depth)));
            }
        }
        let message = self.text();
        Value::error(name, message, properties)
    }

    /// Objects that lead to one another and to what was made before.
    fn circle(&mut self, depth: usize) -> Value {
        let mut graph = Graph::new();
        let places: Vec<_> = (0..2 + self.chance.below(3))
            .map(|at| match at % 3 {
                0 => graph.object(),
                1 => graph.array(),
                _ => graph.map(),
            })
            .collect();
        for (at, place) in places.iter().copied().enumerate() {
            for _ in 0..self.chance.below(4) {
                let other = places[self.chance.below(places.len())];
                let inner = self.value(depth);
                match at % 3 {
                    0 => {
                        graph.set(place, self.text(), other);
                        graph.set(place, self.text(), inner);
                    }
                    1 => {
                        graph.push(place, other);
                        graph.push(place, inner);
                    }
                    _ => graph.insert(place, Value::array([1]), other),
                }
            }
        }
        graph.finish(places[0])
    }
}
