//! The parts that an input is made of, each with its length before it.

use sha2::{Digest, Sha256};

use scrip_domain::{decimal::Decimal, event::Reason};

/// The parts of an input, one after the other.
pub(super) struct Parts(Sha256);

impl Parts {
    pub(super) fn new() -> Self {
        Self(Sha256::new())
    }

    /// All of them, as hexadecimal digits.
    pub(super) fn finish(self) -> String {
        data_encoding::HEXLOWER.encode(&self.0.finalize())
    }

    pub(super) fn text(&mut self, text: &str) {
        self.0.update((text.len() as u64).to_le_bytes());
        self.0.update(text.as_bytes());
    }

    pub(super) fn number(&mut self, number: u64) {
        self.0.update(number.to_le_bytes());
    }

    /// Whether there is a part, and the part.
    pub(super) fn maybe<T>(&mut self, part: Option<T>, add: impl FnOnce(&mut Self, T)) {
        self.number(u64::from(part.is_some()));
        if let Some(part) = part {
            add(self, part);
        }
    }

    pub(super) fn maybe_text(&mut self, text: Option<&String>) {
        self.maybe(text, |parts, text| parts.text(text));
    }

    /// An amount without the zeros that change nothing; what is none as it was written.
    pub(super) fn amount(&mut self, text: &str) {
        match Decimal::parse(text) {
            Ok(amount) => self.text(&amount.plain()),
            Err(_) => self.text(text),
        }
    }

    pub(super) fn maybe_amount(&mut self, text: Option<&String>) {
        self.maybe(text, |parts, text| parts.amount(text));
    }

    pub(super) fn maybe_decimal(&mut self, amount: Option<Decimal>) {
        self.maybe(amount, |parts, amount| parts.text(&amount.plain()));
    }

    pub(super) fn maybe_str(&mut self, text: Option<&str>) {
        self.maybe(text, |parts, text| parts.text(text));
    }

    pub(super) fn reason(&mut self, reason: Option<&Reason>) {
        self.maybe_str(reason.map(Reason::as_str));
    }

    /// A part that came to this version after inputs without it had been kept: where it is not given, nothing tells.
    pub(super) fn later<T>(&mut self, name: &str, part: Option<T>, add: impl FnOnce(&mut Self, T)) {
        if let Some(part) = part {
            self.text(name);
            add(self, part);
        }
    }

    pub(super) fn texts(&mut self, texts: &[String]) {
        self.number(texts.len() as u64);
        texts.iter().for_each(|text| self.text(text));
    }

    /// Texts whose order does not matter.
    pub(super) fn set(&mut self, texts: &[String]) {
        let mut texts = texts.to_vec();
        texts.sort_unstable();
        texts.dedup();
        self.texts(&texts);
    }
}
