//! Hostile guests: core modules in WebAssembly text with the metadata of the contract, so that it is the host's own
//! conversion that makes components of them.

use std::path::Path;

use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// What every guest has: memory that grows as the host asks for room, and the log.
const COMMON: &str = r#"
  (import "coupon:plugin/log@1.0.0" "write" (func $log (param i32 i32 i32)))
  (memory (export "memory") MEMORY)
  (global $free (mut i32) (i32.const 49152))
  (global $sending (mut i32) (i32.const 0))
  (func $realloc (export "cabi_realloc") (param $old i32) (param $had i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    REALLOC
    (local.set $at (i32.and
      (i32.add (global.get $free) (i32.sub (local.get $align) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get $align))))
    (global.set $free (i32.add (local.get $at) (local.get $size)))
    (block $fits
      (loop $grow
        (br_if $fits (i32.le_u (global.get $free) (i32.mul (memory.size) (i32.const 65536))))
        (br_if $grow (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))
        unreachable))
    (local.get $at))
"#;

/// A guest in the making.
#[derive(Clone)]
pub(crate) struct Guest {
    memory: String,
    realloc: String,
    imports: String,
    body: String,
}

impl Guest {
    /// A restriction with this body of `check`, which leaves where its answer is.
    pub(crate) fn check(body: &str) -> Self {
        Self::new(
            "",
            &format!(
                "(func (export \"coupon:plugin/restriction-api@1.0.0#check\") (param $request i32) (result i32) (local $i i32) {body})"
            ),
        )
    }

    /// A source with this body of `issue`, which may `$send`.
    pub(crate) fn issue(body: &str) -> Self {
        let send = "(import \"coupon:plugin/http@1.0.0\" \"send\" (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))";
        Self::new(
            send,
            &format!(
                "(func (export \"coupon:plugin/source-api@1.0.0#issue\") (param $request i32) (result i32) (local $i i32) {body})"
            ),
        )
    }

    fn new(imports: &str, body: &str) -> Self {
        Self { memory: "1".to_owned(), realloc: String::new(), imports: imports.to_owned(), body: body.to_owned() }
    }

    /// More imports.
    pub(crate) fn importing(mut self, imports: &str) -> Self {
        self.imports.push_str(imports);
        self
    }

    /// More of the module's fields.
    pub(crate) fn and(mut self, fields: &str) -> Self {
        self.body.push_str(fields);
        self
    }

    /// Its memory: pages at first and at most.
    pub(crate) fn memory(mut self, pages: &str) -> Self {
        self.memory = pages.to_owned();
        self
    }

    /// What it does first where the host asks for room.
    pub(crate) fn realloc(mut self, instructions: &str) -> Self {
        self.realloc = instructions.to_owned();
        self
    }

    /// A text or bytes that stand at a place of its memory.
    pub(crate) fn data(self, at: usize, bytes: &[u8]) -> Self {
        let escaped: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
        self.and(&format!("(data (i32.const {at}) \"{escaped}\")"))
    }

    /// The core module, with the contract's metadata of a restriction.
    pub(crate) fn restriction(&self) -> Vec<u8> {
        self.of("restriction", "1.0.0")
    }

    /// The same of a source.
    pub(crate) fn source(&self) -> Vec<u8> {
        self.of("source", "1.0.0")
    }

    /// The core module, with the metadata of a world of a version of the contract.
    pub(crate) fn of(&self, world: &str, version: &str) -> Vec<u8> {
        let common = COMMON.replace("MEMORY", &self.memory).replace("REALLOC", &self.realloc);
        let text = format!("(module {}{common}{})", self.imports, self.body).replace("@1.0.0", &format!("@{version}"));
        let mut module = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("plugins/wit/1.0.0/coupon-plugin.wit");
        let wit = std::fs::read_to_string(wit).expect("the contract").replace("@1.0.0", &format!("@{version}"));
        let mut resolve = Resolve::default();
        let package = resolve.push_str("coupon-plugin.wit", &wit).expect("a contract");
        let world = resolve.select_world(&[package], Some(world)).expect("a world");
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("metadata");
        module
    }
}

/// A restriction that refuses its one coupon with a text.
pub(crate) fn refusing(text: &str) -> Guest {
    let length = i32::try_from(text.len()).expect("a length");
    // An answer at 16: good, a list at 32 of one verdict: refuse, with a text at 64.
    Guest::check(&format!(
        "(i32.store (i32.const 20) (i32.const 32)) (i32.store (i32.const 24) (i32.const 1))
         (i32.store8 (i32.const 32) (i32.const 1))
         (i32.store (i32.const 36) (i32.const 64)) (i32.store (i32.const 40) (i32.const {length}))
         (i32.const 16)"
    ))
    .data(64, text.as_bytes())
}

/// An HTTP request as a guest sends it.
#[derive(Clone, Default)]
pub(crate) struct Sent {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<String>,
}

impl Sent {
    pub(crate) fn get(url: &str) -> Self {
        Self { method: "GET".to_owned(), url: url.to_owned(), ..Self::default() }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn json(mut self, body: &str) -> Self {
        self.method = "POST".to_owned();
        self.body = Some(body.to_owned());
        self.header("content-type", "application/json")
    }
}

/// A source that sends a request some times, logs the last answer's body, and gives that as its code; `none` where
/// there was no answer.
pub(crate) fn asking(sent: &Sent, times: u32) -> Guest {
    // Texts from 1024 on, the list of headers at 512, what comes back at 256, the answer at 128.
    let (mut texts, mut headers) = (Vec::new(), Vec::new());
    let mut place = |text: &str| {
        let at = 1024 + texts.len();
        texts.extend_from_slice(text.as_bytes());
        [at, text.len()]
    };
    for (name, value) in &sent.headers {
        for number in [place(name), place(value)].concat() {
            headers.extend_from_slice(&u32::try_from(number).expect("small").to_le_bytes());
        }
    }
    let ([method, method_length], [url, url_length]) = (place(&sent.method), place(&sent.url));
    let [body, body_length] = place(sent.body.as_deref().unwrap_or_default());
    let (has_body, count) = (u8::from(sent.body.is_some()), sent.headers.len());
    assert!(headers.len() <= 512 && texts.len() <= 40_000, "too much for its places");
    Guest::issue(&format!(
        "(loop $again
           (global.set $sending (i32.const 1))
           (call $send (i32.const {method}) (i32.const {method_length}) (i32.const {url}) (i32.const {url_length})
             (i32.const 512) (i32.const {count}) (i32.const {has_body}) (i32.const {body}) (i32.const {body_length})
             (i32.const 256))
           (global.set $sending (i32.const 0))
           (local.set $i (i32.add (local.get $i) (i32.const 1)))
           (br_if $again (i32.lt_u (local.get $i) (i32.const {times}))))
         (i32.store (i32.const 132) (i32.const 64)) (i32.store (i32.const 136) (i32.const 4))
         (if (i32.eqz (i32.load8_u (i32.const 256))) (then
           (call $log (i32.const 1) (i32.load (i32.const 272)) (i32.load (i32.const 276)))
           (i32.store (i32.const 132) (i32.load (i32.const 272)))
           (i32.store (i32.const 136) (i32.load (i32.const 276)))))
         (i32.const 128)"
    ))
    .data(64, b"none")
    .data(512, &headers)
    .data(1024, &texts)
}
