//! What is asked for on the command line.

use ::bowline::transport::Address;

use crate::row::{REMOTE_ROWS, ROWS, Row};

/// The options of `versus`.
pub(crate) struct Options {
    pub(crate) rows: Vec<Row>,
    pub(crate) only: Option<String>,
    pub(crate) seconds: f64,
    pub(crate) json: Option<String>,
    pub(crate) table: Option<String>,
    pub(crate) svg: Option<String>,
    pub(crate) connect: Option<Address>,
    pub(crate) serve: Option<Address>,
    pub(crate) operations: Option<u64>,
}

impl Options {
    pub(crate) fn read(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::none();
        let mut rows = "all".to_owned();
        while let Some(option) = args.next() {
            if option == "--bench" {
                continue; // cargo says so to every bench
            }
            let value = args.next().ok_or_else(|| format!("{option} needs a value"))?;
            match option.as_str() {
                "--rows" => rows = value,
                "--only" => options.only = Some(value),
                "--seconds" => options.seconds = seconds(&value)?,
                "--json" => options.json = Some(value),
                "--table" => options.table = Some(value),
                "--svg" => options.svg = Some(value),
                "--connect" => options.connect = Some(address(&value)?),
                "--serve" => options.serve = Some(address(&value)?),
                "--operations" => {
                    options.operations =
                        Some(value.parse().map_err(|_| format!("no number: {value}"))?);
                }
                _ => return Err(format!("unknown option {option}")),
            }
        }
        options.rows = match options.connect {
            Some(_) => named(&REMOTE_ROWS, &rows)?,
            None => named(&ROWS, &rows)?,
        };
        Ok(options)
    }

    const fn none() -> Self {
        Self {
            rows: Vec::new(),
            only: None,
            seconds: 4.0,
            json: None,
            table: None,
            svg: None,
            connect: None,
            serve: None,
            operations: None,
        }
    }
}

fn address(text: &str) -> Result<Address, String> {
    text.parse().map_err(|why| format!("{why}"))
}

fn named(all: &[Row], names: &str) -> Result<Vec<Row>, String> {
    if names == "all" {
        return Ok(all.to_vec());
    }
    let named = |name| all.iter().copied().find(|row| row.name == name);
    names.split(',').map(|name| named(name).ok_or_else(|| format!("no row {name}"))).collect()
}

fn seconds(value: &str) -> Result<f64, String> {
    match value.parse() {
        Ok(seconds) if (0.01..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err(format!("--seconds takes 0.01 to 3600, not {value}")),
    }
}
