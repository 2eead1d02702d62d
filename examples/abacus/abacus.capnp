@0xdfb4f90ebc5e5f42;
# Arithmetic between objects: numbers are cells, and operations are objects that either side may have.

interface Abacus {
  number @0 (value :Float64) -> (cell :Cell);
  # A cell that holds `value`.

  combine @1 (by :Operation, left :Cell, right :Cell) -> (cell :Cell);
  # A cell that holds what `by` makes of the other two. All three may still be promises.

  operation @2 (kind :Kind) -> (operation :Operation);
  # One the abacus knows.
}

interface Cell {
  read @0 () -> (value :Float64);
}

interface Operation {
  apply @0 (left :Float64, right :Float64) -> (value :Float64);
}

enum Kind {
  add @0;
  subtract @1;
  multiply @2;
  divide @3;
}
