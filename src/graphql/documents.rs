//! Trusted documents: the operations that a folder holds, each known by the SHA-256 of its text. They are read and
//! checked against the schema at the start, so that what is in the folder can be run.

use std::{collections::HashMap, fs, path::Path, sync::Arc};

use async_graphql::{
    Request, ServerError,
    parser::{
        parse_query,
        types::{DocumentOperations, ExecutableDocument},
    },
};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{Roots, bounds};

/// The name of an operation that is run in place of a document's own, so that it is checked and not run.
const CHECK: &str = "ScripChecksThisDocument";

/// Why a folder of documents cannot be used: text for the operator.
#[derive(Debug, Error)]
pub enum DocumentsError {
    /// The folder or a file of it.
    #[error("cannot read trusted documents at {path}: {reason}")]
    Unreadable {
        /// The folder or file.
        path: String,
        /// The operating system's reason.
        reason: String,
    },
    /// The folder holds none.
    #[error("{path} has no trusted document: put files that end in .graphql there, each with an operation")]
    Empty {
        /// The folder.
        path: String,
    },
    /// A document that is none of this schema.
    #[error("trusted document {path}: {reason}")]
    Invalid {
        /// The file, with line and column where they are known.
        path: String,
        /// What is wrong.
        reason: String,
    },
}

/// The documents of a folder, by their hash in lower-case hexadecimal digits.
#[derive(Debug, Clone, Default)]
pub struct Documents(Arc<HashMap<String, Arc<ExecutableDocument>>>);

impl Documents {
    /// Reads a folder's files that end in `.graphql`. Each is known by the hash of its text, and by that of the
    /// text without the white space around it, which editors add and tools leave out.
    pub async fn load(folder: &Path) -> Result<Self, DocumentsError> {
        let unreadable = |path: &Path, error: std::io::Error| DocumentsError::Unreadable {
            path: path.display().to_string(),
            reason: error.to_string(),
        };
        let schema = super::builder().finish();
        let mut documents = HashMap::new();
        let entries = fs::read_dir(folder).map_err(|error| unreadable(folder, error))?;
        for entry in entries {
            let path = entry.map_err(|error| unreadable(folder, error))?.path();
            if path.extension().is_none_or(|extension| extension != "graphql") {
                continue;
            }
            let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
            let document = Arc::new(checked(&schema, &path, &text).await?);
            documents.insert(hash(text.trim()), Arc::clone(&document));
            documents.insert(hash(&text), document);
        }
        if documents.is_empty() {
            return Err(DocumentsError::Empty { path: folder.display().to_string() });
        }
        Ok(Self(Arc::new(documents)))
    }

    /// The document with this hash.
    pub(super) fn get(&self, hash: &str) -> Option<Arc<ExecutableDocument>> {
        self.0.get(&hash.to_ascii_lowercase()).cloned()
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The hash that a text is known by.
pub(super) fn hash(text: &str) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(text))
}

/// A file's document, if the schema can run it. What is run is an operation of our own beside those of the file, so
/// that all of it is checked and nothing of it done.
async fn checked(schema: &Roots, path: &Path, text: &str) -> Result<ExecutableDocument, DocumentsError> {
    let invalid = |error: &ServerError| {
        let place = error.locations.first().map(|place| format!(":{}:{}", place.line, place.column));
        let path = format!("{}{}", path.display(), place.unwrap_or_default());
        DocumentsError::Invalid { path, reason: error.message.replace('\n', " ") }
    };
    let mut request = Request::new(text);
    let document = bounds::read(&mut request).map_err(|error| invalid(&error))?.clone();
    let own = parse_query(format!("query {CHECK} {{ __typename }}")).map_err(|error| invalid(&error.into()))?;
    let mut both = document.clone();
    let mut operations = match both.operations {
        DocumentOperations::Multiple(operations) => operations,
        DocumentOperations::Single(operation) => HashMap::from([(async_graphql::Name::new("Unnamed"), operation)]),
    };
    if let DocumentOperations::Multiple(own) = own.operations {
        operations.extend(own);
    }
    both.operations = DocumentOperations::Multiple(operations);
    let mut request = Request::new("").operation_name(CHECK);
    request.set_parsed_query(both);
    match schema.execute(request).await.errors.first() {
        Some(error) => Err(invalid(error)),
        None => Ok(document),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn load(files: &[(&str, &str)]) -> Result<Documents, String> {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("a file");
        }
        Documents::load(folder.path()).await.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_document_is_known_by_its_hash() {
        let text = "query Coupon($id: ID!) { coupon(id: $id) { ...C } }\nfragment C on Coupon { id }\n";
        let change = "mutation($input: CouponClaimInput!) { couponClaim(input: $input) { coupon { id } } }";
        let files = [("a.graphql", text), ("b.graphql", change), ("notes.txt", "no document")];
        let found = load(&files).await.expect("documents");
        for known in [text, text.trim(), change] {
            assert!(found.get(&hash(known)).is_some(), "{known}");
            assert!(found.get(&hash(known).to_uppercase()).is_some(), "{known}");
        }
        assert!(found.get(&hash("no document")).is_none());
    }

    #[tokio::test]
    async fn what_cannot_be_run_is_told_with_its_place() {
        for (text, words) in [
            ("query A {\n  viewer { nam }\n}", &["a.graphql:2:12", "nam"][..]),
            ("query A {\n  viewer {", &["a.graphql:2:"]),
            ("query A { coupon(id: $id) { id } }", &["a.graphql:1:", "id"]),
            ("query A { coupon { id } }", &["a.graphql:1:", "id"]),
            ("{ coupon { id } }", &["a.graphql:1:", "id"]),
            ("mutation A { couponClaim(input: {pool: 5}) { coupon { id } } }", &["a.graphql:1:", "input"]),
            ("fragment F on Viewer { name }", &["a.graphql"]),
            ("", &["a.graphql"]),
        ] {
            let said = load(&[("a.graphql", text)]).await.expect_err(text);
            for word in words {
                assert!(said.contains(word), "{text}: {word} is not in {said}");
            }
            assert!(!said.contains(CHECK) && !said.contains('\n'), "{said}");
        }
        assert!(load(&[]).await.expect_err("nothing").contains("no trusted document"));
        assert!(Documents::load(Path::new("nowhere")).await.expect_err("nowhere").to_string().contains("nowhere"));
    }
}
