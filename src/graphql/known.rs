//! Documents that were read before: a client sends the same few again and again, so each is scanned, parsed and
//! counted once. What is kept is bounded, however many different documents are sent.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use async_graphql::{Request, ServerError, parser::types::ExecutableDocument};

use super::bounds;

/// How many documents each of the two generations holds, and how many bytes of text: a parsed one takes up to a
/// hundred times its text.
const GENERATION: usize = 500;
const GENERATION_BYTES: usize = 256 * 1024;
/// The longest document that is kept, in bytes; longer ones hold their values in themselves and do not come again.
const LONGEST: usize = 8 * 1024;

/// The documents that were read before, by their text.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<Generations>);

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<String, Arc<ExecutableDocument>>,
    old: HashMap<String, Arc<ExecutableDocument>>,
    /// How many bytes the younger ones' texts have.
    bytes: usize,
}

impl Known {
    /// A text's document, read if it is not known; refused where it costs too much.
    pub(super) fn document(&self, text: String) -> Result<Arc<ExecutableDocument>, ServerError> {
        if let Some(known) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&text) {
            return Ok(known);
        }
        let mut request = Request::new(text);
        let document = Arc::new(bounds::read(&mut request)?.clone());
        if request.query.len() <= LONGEST {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).put(request.query, Arc::clone(&document));
        }
        Ok(document)
    }
}

impl Generations {
    fn get(&mut self, text: &str) -> Option<Arc<ExecutableDocument>> {
        if let Some(known) = self.young.get(text) {
            return Some(Arc::clone(known));
        }
        let (text, known) = self.old.remove_entry(text)?;
        self.put(text, Arc::clone(&known));
        Some(known)
    }

    fn put(&mut self, text: String, document: Arc<ExecutableDocument>) {
        if self.young.len() >= GENERATION || self.bytes + text.len() > GENERATION_BYTES {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
        self.bytes += text.len();
        self.young.insert(text, document);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_stays_and_the_rest_goes() {
        let known = Known::default();
        let first = known.document("{ first }".to_owned()).expect("a document");
        for number in 0..10 * GENERATION {
            known.document(format!("{{ a{number} }}")).expect("a document");
            let again = known.document("{ first }".to_owned()).expect("a document");
            assert!(Arc::ptr_eq(&first, &again), "read once: {number}");
        }
        let kept = known.0.lock().expect("nothing has panicked");
        assert!(kept.young.len() + kept.old.len() <= 2 * GENERATION);
        assert!(!kept.young.contains_key("{ a0 }") && !kept.old.contains_key("{ a0 }"));
    }

    #[test]
    fn what_is_kept_is_bounded_in_bytes() {
        let known = Known::default();
        for number in 0..200 {
            known.document(format!("{{ a{number} {} }}", "b ".repeat(LONGEST / 2 - 10))).expect("a document");
        }
        let kept = known.0.lock().expect("nothing has panicked");
        let bytes: usize = kept.young.keys().chain(kept.old.keys()).map(String::len).sum();
        assert!(bytes > GENERATION_BYTES && bytes <= 2 * GENERATION_BYTES, "{bytes}");
    }

    #[test]
    fn what_is_refused_or_long_is_not_kept() {
        let known = Known::default();
        assert!(known.document("{ a".to_owned()).is_err());
        known.document(format!("{{ {} }}", "a ".repeat(LONGEST / 2))).expect("a document");
        assert!(known.0.lock().expect("nothing has panicked").young.is_empty());
    }
}
