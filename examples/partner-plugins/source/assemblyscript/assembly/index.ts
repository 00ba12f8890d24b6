// Gets the codes of a pool from a partner's web service. There are no bindings for AssemblyScript, and none are needed:
// the contract's ABI by hand, which is where fields stand in memory. See ../../../ABI.md.

// @ts-ignore: a decorator
@external("coupon:plugin/http@1.0.0", "send")
declare function send(
  method: usize, methodLength: usize, url: usize, urlLength: usize, headers: usize, headerCount: usize,
  hasBody: i32, body: usize, bodyLength: usize, answer: usize
): void;

// Where the fields of the contract's code-request are, in bytes.
const CUSTOMER: usize = 60;
const CONFIG: usize = 100;
// Why there is no code: the contract's error.
const UNAVAILABLE: u8 = 0;
const REFUSED: u8 = 1;
const MISCONFIGURED: u8 = 2;

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

// A text as JSON.
function quoted(value: string): string {
  let json = '"';
  for (let i = 0; i < value.length; i++) {
    const sign = value.charCodeAt(i);
    if (sign == 0x22 || sign == 0x5c) json += "\\" + value.charAt(i);
    else if (sign < 0x20) json += "\\u00" + (sign < 16 ? "0" : "") + sign.toString(16);
    else json += value.charAt(i);
  }
  return json + '"';
}

// The text of a member of a plain JSON object, as it stands there; null where it has none.
function member(json: string, name: string): string | null {
  const at = json.indexOf(quoted(name));
  if (at < 0) return null;
  const start = json.indexOf('"', json.indexOf(":", at + name.length + 2));
  if (start < 0) return null;
  let end = start + 1;
  while (end < json.length && json.charAt(end) != '"') end += json.charAt(end) == "\\" ? 2 : 1;
  return json.substring(start + 1, end);
}

function refuse(answer: usize, kind: u8, why: string): usize {
  store<u8>(answer, 1);
  store<u8>(answer + 4, kind);
  give(answer + 8, why);
  return answer;
}

export function issue(request: usize): usize {
  // A result: 0 and at 4 what is issued (a code, and at 8 of it no end), or 1 and at 4 an error with its text.
  const answer = heap.alloc(24);
  memory.fill(answer, 0, 24);
  const campaign = member(text(request + CONFIG), "campaign");
  if (campaign === null) return refuse(answer, MISCONFIGURED, "config.campaign: expected a text");

  const headers = heap.alloc(48);
  give(headers, "authorization");
  // The host fills the secret in on the way out: a plugin never holds one.
  give(headers + 8, "Bearer {{secret.token}}");
  give(headers + 16, "idempotency-key");
  // The same for the same claim: the partner has to give the same code again.
  give(headers + 24, text(request));
  give(headers + 32, "content-type");
  give(headers + 40, "application/json");
  const parts = heap.alloc(24);
  give(parts, "POST");
  give(parts + 8, "https://api.partner.example/codes");
  // The campaign is JSON already, as it stands in the configuration.
  give(parts + 16, '{"campaign":"' + campaign + '","customer":' + quoted(text(request + CUSTOMER)) + "}");
  const got = heap.alloc(24);
  send(
    load<usize>(parts), load<usize>(parts + 4), load<usize>(parts + 8), load<usize>(parts + 12), headers, 3,
    1, load<usize>(parts + 16), load<usize>(parts + 20), got
  );
  // A result: 0 and at 4 a response (status, headers at 4, body at 12), or 1 and at 4 an error.
  if (load<u8>(got) == 1) {
    const kind = load<u8>(got + 4);
    if (kind == 1) return refuse(answer, UNAVAILABLE, "no answer in time");
    if (kind == 2) return refuse(answer, UNAVAILABLE, "no answer: " + text(got + 8));
    if (kind == 3) return refuse(answer, MISCONFIGURED, "the answer is larger than limits.response_kib");
    return refuse(answer, MISCONFIGURED, text(got + 8));
  }
  const status = load<u16>(got + 4);
  const said = "the partner answered " + status.toString();
  if (status == 408 || status == 425 || status == 429 || status >= 500) return refuse(answer, UNAVAILABLE, said);
  if (status < 200 || (status > 299 && status < 400) || status == 401 || (status > 402 && status < 406)) {
    return refuse(answer, MISCONFIGURED, said);
  }
  if (status > 299) return refuse(answer, REFUSED, "no code is given to this customer");
  const code = member(text(got + 16), "code");
  if (code === null) return refuse(answer, MISCONFIGURED, "the answer is no JSON with a code");
  give(answer + 4, code);
  return answer;
}

// Called where something is wrong with the program itself: it ends the call.
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  unreachable();
}
