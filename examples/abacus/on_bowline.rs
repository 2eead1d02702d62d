//! The program on bowline.

use bowline::compat as engine;

include!("program.rs");
