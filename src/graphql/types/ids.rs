//! Lists of ids that terms have, up to 10,000 of them: shared with the terms until they are answered, and then written at
//! once. As a list of scalars, each with a step of its own, they take six times as long.

use std::{borrow::Cow, sync::Arc};

use async_graphql::{
    ContextSelectionSet, ID, OutputType, Positioned, ServerResult, Value, parser::types::Field, registry::Registry,
};

use scrip_domain::terms::Terms;

/// The ids of a list of terms.
#[derive(Debug, Clone, Default)]
pub struct Ids(Option<Listed>);

#[derive(Debug, Clone)]
struct Listed {
    terms: Arc<Terms>,
    list: fn(&Terms) -> &[String],
}

impl Ids {
    /// Those of a list of these terms.
    pub(super) fn of(terms: &Arc<Terms>, list: fn(&Terms) -> &[String]) -> Self {
        Self(Some(Listed { terms: Arc::clone(terms), list }))
    }

    fn all(&self) -> &[String] {
        self.0.as_ref().map_or(&[], |listed| (listed.list)(&listed.terms))
    }
}

impl OutputType for Ids {
    fn type_name() -> Cow<'static, str> {
        <Vec<ID> as OutputType>::type_name()
    }

    fn qualified_type_name() -> String {
        <Vec<ID> as OutputType>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <Vec<ID> as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(Value::List(self.all().iter().cloned().map(Value::String).collect()))
    }
}
