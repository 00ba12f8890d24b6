// Lets a coupon be used only with enough items in the basket: {"items": 3}. There are no bindings for AssemblyScript,
// and none are needed: the contract's ABI by hand, which is where fields stand in memory. See ../../ABI.md.

// Where the fields of a check's request are, in bytes.
const BASKET: usize = 108; // an option: whether it is there, and then the basket, at 112
const LINES: usize = 144; // a list: address and length
const LINE: usize = 20; // the size of one, and of its fields
const QUANTITY: usize = 8;
const COUPONS: usize = 152;
const CONFIG: usize = 160;
const VERDICT: usize = 12;

// The host asks for room with this. Memory goes with the call, so nothing is ever freed.
export function cabi_realloc(old: usize, had: usize, align: usize, size: usize): usize {
  const at = heap.alloc(size);
  if (had > 0) memory.copy(at, old, had < size ? had : size);
  return at;
}

function text(field: usize): string {
  return String.UTF8.decodeUnsafe(load<usize>(field), load<usize>(field + 4));
}

// Leaves a text's address and length at a place.
function give(place: usize, value: string): void {
  const length = String.UTF8.byteLength(value);
  const at = heap.alloc(length);
  String.UTF8.encodeUnsafe(changetype<usize>(value), value.length, at);
  store<usize>(place, at);
  store<usize>(place + 4, length);
}

// Reads {"items": N}, which the host has checked against the schema in plugin.toml.
function itemsNeeded(config: string): i32 {
  const at = config.indexOf('"items"');
  return at < 0 ? 0 : <i32>parseInt(config.substring(config.indexOf(":", at) + 1));
}

export function check(request: usize): usize {
  // A result: 0 and a list of verdicts, or 1 and a text.
  const answer = heap.alloc(12);
  memory.fill(answer, 0, 12);
  const needed = itemsNeeded(text(request + CONFIG));
  if (needed < 1) {
    store<u8>(answer, 1);
    give(answer + 4, "config.items: expected a whole number of at least 1");
    return answer;
  }
  let items: u64 = 0;
  if (load<u8>(request + BASKET) == 1) {
    const lines = load<usize>(request + LINES);
    for (let i: usize = 0; i < load<usize>(request + LINES + 4); i++) {
      items += load<u32>(lines + i * LINE + QUANTITY);
    }
  }
  const count = load<usize>(request + COUPONS + 4);
  const verdicts = heap.alloc(count * VERDICT);
  memory.fill(verdicts, 0, count * VERDICT);
  const refusal = "needs " + needed.toString() + (needed == 1 ? " item" : " items") + " in the basket";
  for (let i: usize = 0; i < count; i++) {
    // A verdict: 0 allows; 1 refuses, with a text at 4.
    if (items >= u64(needed)) continue;
    store<u8>(verdicts + i * VERDICT, 1);
    give(verdicts + i * VERDICT + 4, refusal);
  }
  store<usize>(answer + 4, verdicts);
  store<usize>(answer + 8, count);
  return answer;
}

// Called where something is wrong with the program itself: it ends the call.
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  unreachable();
}
