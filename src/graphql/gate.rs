//! What every request passes before it is executed, over whichever transport it came: its document is found, bounded,
//! priced and allowed here, and nowhere else. What is refused has run nothing.

use std::{fmt, sync::Arc};

use async_graphql::{
    Name, Request, Response, ServerError, Value, Variables,
    parser::types::{ExecutableDocument, OperationType},
};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Map, Value as Json};

use super::{
    Documents,
    answer::MAX_ANSWER,
    bounds, coded,
    cost::{self, MAX_COST},
    documents::hash,
    known::Known,
    single_root,
};

/// What is allowed.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The most that an operation may cost.
    pub max_cost: u64,
    /// The most bytes that an answer may have.
    pub max_answer: usize,
    /// Whether the schema may be asked about. Every key is an admin's so far; once keys have roles, a caller's role
    /// decides too, in [`Gate::admit`].
    pub introspection: bool,
    /// The trusted documents.
    pub documents: Documents,
    /// Whether they are the only ones that are accepted.
    pub documents_only: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            max_cost: MAX_COST,
            max_answer: MAX_ANSWER,
            introspection: true,
            documents: Documents::default(),
            documents_only: false,
        }
    }
}

/// What a request carries (the GraphQL-over-HTTP draft, section 5.1, and its appendix on persisted documents).
#[derive(Debug, Default)]
pub struct Asked {
    /// A document's text.
    pub query: Option<String>,
    /// A trusted document's id: "sha256:" and its hash.
    pub document_id: Option<String>,
    /// The values of its variables.
    pub variables: Variables,
    /// Which of its operations.
    pub operation_name: Option<String>,
    /// What else clients send; of it only `persistedQuery` is looked at, by which Apollo's clients name a trusted
    /// document.
    pub extensions: Option<Map<String, Json>>,
}

/// A JSON object, and not the array that a struct could be read from as well, which is how batches come.
impl<'de> Deserialize<'de> for Asked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Fields {
            query: Option<String>,
            document_id: Option<String>,
            variables: Variables,
            operation_name: Option<String>,
            extensions: Option<Map<String, Json>>,
        }
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Fields;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Fields, A::Error> {
                Fields::deserialize(MapAccessDeserializer::new(map))
            }
        }
        let Fields { query, document_id, variables, operation_name, extensions } =
            deserializer.deserialize_map(Object)?;
        Ok(Self { query, document_id, variables, operation_name, extensions })
    }
}

impl Asked {
    /// Whether it names any document.
    #[must_use]
    pub fn names_a_document(&self) -> bool {
        self.query.is_some() || self.hash().is_some()
    }

    /// The hash that it names a document by.
    fn hash(&self) -> Option<&str> {
        let id = self.document_id.as_deref().map(|id| id.strip_prefix("sha256:").unwrap_or(id));
        id.or_else(|| self.extensions.as_ref()?.get("persistedQuery")?.get("sha256Hash")?.as_str())
    }
}

/// A request that may be executed.
#[derive(Debug)]
pub struct Admitted {
    /// The request; who asks is still to be added to its data.
    pub request: Request,
    /// The operation's name, where it has one.
    pub name: Option<String>,
    /// The kind of its operation; none where it names none that there is.
    pub kind: Option<OperationType>,
    /// What it costs.
    pub price: Price,
    /// Whether its answer may be much longer than its cost tells.
    pub lists_texts: bool,
    /// How long its document is, in bytes; 0 where it is a trusted one.
    pub document: usize,
    /// How many values its variables have.
    pub values: usize,
}

/// Whether a request asks what only purchases have of what its ids name. Where it does not, none of them is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpensPurchases(pub(crate) bool);

/// What an operation costs, and how much that may be.
#[derive(Debug, Clone, Copy)]
pub struct Price {
    requested: u64,
    limit: u64,
}

impl Price {
    /// What it costs.
    #[must_use]
    pub fn requested(self) -> u64 {
        self.requested
    }

    /// An answer as it leaves: with the cost, its errors coded and not too many.
    #[must_use]
    pub fn told(self, answer: Response) -> Response {
        let told = [("requested", self.requested), ("limit", self.limit)];
        let told = told.into_iter().map(|(name, number)| (Name::new(name), Value::from(number))).collect();
        coded(answer).extension("cost", Value::Object(told))
    }
}

/// Where requests are admitted.
#[derive(Debug)]
pub struct Gate {
    rules: Rules,
    known: Known,
}

impl Gate {
    /// One with these rules.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self { rules, known: Known::default() }
    }

    /// Admits a request, or answers it.
    pub fn admit(&self, asked: Asked) -> Result<Admitted, Box<Response>> {
        let refused = |error| Box::new(coded(Response::from_errors(vec![error])));
        let named = asked.hash().map(str::to_owned);
        let Asked { query, variables, operation_name: name, .. } = asked;
        let named_one = named.as_deref().is_some_and(|named| self.rules.documents.get(named).is_some());
        let trusted = named_one || self.rules.documents_only;
        let length = query.as_ref().filter(|_| !trusted).map_or(0, String::len);
        let document = self.document(query, named).map_err(refused)?;
        let operation = bounds::operation(&document, name.as_deref());
        let kind = operation.map(|operation| operation.ty);
        let cost = operation.map(|operation| cost::cost(&document, operation, &variables)).unwrap_or_default();
        let price = Price { requested: cost.requested, limit: self.rules.max_cost };
        let refused = |error| Box::new(price.told(Response::from_errors(vec![error])));
        if cost.introspects && !self.rules.introspection {
            let text = "the schema cannot be asked about here: introspection is off in the configuration";
            return Err(refused(bounds::with_code(text, "FORBIDDEN")));
        }
        if price.requested > price.limit {
            let text = format!(
                "the operation costs {}, at most {} are possible: ask for smaller pages or fewer fields",
                price.requested, price.limit
            );
            return Err(refused(bounds::with_code(&text, "LIMIT_EXCEEDED")));
        }
        let named = name.clone().or_else(|| only_name(&document));
        let values = variables.values().map(cost::values).sum::<u64>();
        let mut request = Request::new("").variables(variables);
        request.operation_name = name;
        request.set_parsed_query(Arc::unwrap_or_clone(document));
        single_root::check(&mut request).map_err(refused)?;
        let values = usize::try_from(values).unwrap_or(usize::MAX);
        let request = request.data(OpensPurchases(cost.opens_purchases));
        Ok(Admitted { lists_texts: cost.lists_texts, request, name: named, kind, price, document: length, values })
    }

    /// The document of a text, or with a hash.
    fn document(&self, text: Option<String>, named: Option<String>) -> Result<Arc<ExecutableDocument>, ServerError> {
        let rules = &self.rules;
        if let Some(trusted) = named.as_deref().and_then(|named| rules.documents.get(named)) {
            return Ok(trusted);
        }
        match (text, named) {
            (Some(text), _) if rules.documents_only => rules.documents.get(&hash(&text)).ok_or_else(|| {
                let text = "only trusted documents are accepted here: send documentId, \"sha256:\" and the hash of one";
                bounds::with_code(text, "PERSISTED_QUERY_ID_REQUIRED")
            }),
            (Some(text), Some(named)) if !named.eq_ignore_ascii_case(&hash(&text)) => {
                let text = "provided sha does not match query: leave the hash out, or send that of the query's text";
                Err(bounds::with_code(text, "PERSISTED_QUERY_MISMATCH"))
            }
            (Some(text), _) => self.known.document(text),
            // The words that clients wait for, before they send the text or give up hashes.
            (None, _) if rules.documents.is_empty() => {
                Err(bounds::with_code("PersistedQueryNotSupported", "PERSISTED_QUERY_NOT_SUPPORTED"))
            }
            (None, _) => Err(bounds::with_code("PersistedQueryNotFound", "PERSISTED_QUERY_NOT_FOUND")),
        }
    }
}

/// The name of a document's only operation.
fn only_name(document: &ExecutableDocument) -> Option<String> {
    let mut operations = document.operations.iter();
    let (name, _) = operations.next()?;
    name.filter(|_| operations.next().is_none()).map(ToString::to_string)
}
