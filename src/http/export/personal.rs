//! All that is known of one customer, as one JSON document: `GET /customers/{id}/data.json`.

use std::io;

use axum::{
    body::Body,
    extract::{Extension, Path, State},
    http::{
        HeaderMap, StatusCode,
        header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde_json::{Value, json};

use super::super::{App, graphql, lanes::Lane, notes::Notes};
use scrip_domain::{
    causes::with_causes,
    coupon::Coupon,
    currency::exponent_of,
    decimal::Amount,
    event::Event,
    global_id::{GlobalId, GlobalIds},
    id::CustomerId,
    period::instant_text,
    pool::Pool,
};
use scrip_service::{Failure, Personal, PersonalData, PurchaseRecord, Session};

/// The lists of the document, in the order in which their items come.
const LISTS: [&str; 3] = ["coupons", "events", "purchases"];

/// The document in the making.
#[derive(Debug)]
pub struct PersonalFile {
    data: PersonalData,
    session: Session,
    /// How many lists have begun; none of them before the customer was told.
    lists: usize,
    /// Whether the last list that has begun has an item.
    filled: bool,
    ended: bool,
}

impl PersonalFile {
    /// Begins it; none where the customer is not known.
    pub async fn begin(session: &Session, customer: &CustomerId) -> Result<Option<Self>, Failure> {
        let data = session.personal_data(customer).await?;
        let session = session.clone();
        Ok(data.map(|data| Self { data, session, lists: 0, filled: false, ended: false }))
    }

    /// The next bytes, which may be none; nothing at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        if self.ended {
            return Ok(None);
        }
        let mut text = String::new();
        match self.data.next().await? {
            Some(pieces) => pieces.into_iter().for_each(|piece| self.write(piece, &mut text)),
            None => {
                self.ended = true;
                self.begin_list(LISTS.len(), &mut text);
                text.push_str("}\n");
            }
        }
        Ok(Some(text.into_bytes()))
    }

    fn write(&mut self, piece: Personal, text: &mut String) {
        let (list, item) = match piece {
            Personal::Customer(customer) => {
                let known = json!({
                    "customerId": customer.id,
                    "email": customer.email,
                    "currency": customer.currency.map(|currency| currency.to_string()),
                    "attributes": customer.attributes,
                });
                text.push_str(&format!("{{\"customer\":{known}"));
                return;
            }
            Personal::Coupon(coupon, pool) => (1, self.coupon(&coupon, &pool)),
            Personal::Event(event) => (2, self.event(&event)),
            Personal::Purchase(purchase) => (3, purchase_of(&purchase)),
        };
        self.begin_list(list, text);
        if std::mem::replace(&mut self.filled, true) {
            text.push(',');
        }
        text.push_str(&item.to_string());
    }

    /// Begins lists up to one, and ends those before it; beyond the last, it ends that.
    fn begin_list(&mut self, list: usize, text: &mut String) {
        while self.lists < list {
            if self.lists > 0 {
                text.push(']');
            }
            if let Some(name) = LISTS.get(self.lists) {
                text.push_str(&format!(",\"{name}\":["));
            }
            self.lists += 1;
            self.filled = false;
        }
        if self.ended {
            text.push(']');
        }
    }

    fn ids(&self) -> &GlobalIds {
        self.session.ids()
    }

    fn coupon(&self, coupon: &Coupon, pool: &Pool) -> Value {
        let exponent = exponent_of(pool.currency);
        json!({
            "id": self.ids().encode(&GlobalId::Coupon(coupon.id)),
            "pool": pool.name,
            "code": coupon.code,
            "type": pool.kind.name(),
            "status": coupon.status_at(self.session.now()).name(),
            "balance": coupon.balance().map(|balance| balance.text(exponent)),
            "claimedAt": coupon.claimed_at.map(instant_text),
            "expiresAt": coupon.expires_at.map(instant_text),
            "redeemedAt": coupon.redeemed_at.map(instant_text),
        })
    }

    fn event(&self, event: &Event) -> Value {
        let change = &event.change;
        let pool = self.session.pool_of_event(event).ok().flatten();
        let exponent = exponent_of(pool.and_then(|pool| pool.currency));
        let amount = |amount: Option<Amount>| amount.map(|amount| amount.text(exponent));
        json!({
            "id": self.ids().encode(&GlobalId::Event(event.id)),
            "at": instant_text(event.at),
            "type": format!("COUPON_{:?}", change.kind).to_uppercase(),
            "coupon": self.ids().encode(&GlobalId::Coupon(event.coupon)),
            "actor": event.actor,
            "amount": amount(change.amount),
            "balanceAfter": amount(change.balance_after),
            "transactionId": change.transaction,
            "counterpart": change.counterpart,
            "reason": change.reason,
            "reference": change.reference,
        })
    }
}

fn purchase_of(purchase: &PurchaseRecord) -> Value {
    let exponent = purchase.exponent();
    let coupons = purchase.checkout.coupons.iter();
    json!({
        "transactionId": purchase.transaction,
        "customerId": purchase.facts.customer,
        "at": purchase.facts.at.map(instant_text),
        "currency": purchase.checkout.currency,
        "total": purchase.checkout.total.text(exponent),
        "discount": purchase.checkout.discount().text(exponent),
        "payable": purchase.checkout.payable().text(exponent),
        "coupons": coupons.map(|one| json!({
            "code": one.code,
            "discount": one.discount.text(exponent),
            "redeemed": one.redeemed,
        })).collect::<Vec<_>>(),
        "returns": purchase.facts.returns.iter().map(|one| json!({
            "at": instant_text(one.at),
            "refund": one.refund.text(exponent),
            "reason": one.reason,
        })).collect::<Vec<_>>(),
    })
}

/// `GET /customers/{id}/data.json`.
pub(in super::super) async fn get(
    State(app): State<App>,
    Extension(notes): Extension<Notes>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    let session = match graphql::asking(&app, &notes, &headers).await {
        Ok(session) => session,
        Err(refusal) => return *refusal,
    };
    if let Some(refusal) = graphql::file_over_budget(&app, &session, &notes) {
        return refusal;
    }
    let unknown = || graphql::error(StatusCode::NOT_FOUND, "no customer is known by this id");
    let Ok(customer) = session.ids().customer(&id).and_then(|id| CustomerId::parse(&id)) else { return unknown() };
    if let Err(full) = app.held.admits(&session.actor().id, 0) {
        return graphql::error(StatusCode::TOO_MANY_REQUESTS, &full.to_string());
    }
    let file = match PersonalFile::begin(&session, &customer).await {
        Ok(Some(file)) => file,
        Ok(None) => return unknown(),
        Err(failure) => return graphql::failed(&failure, "beginning an export"),
    };
    let key = session.actor().id.clone();
    let parts = stream::unfold(Some((file, app, key)), |state| async {
        let (mut file, app, key) = state?;
        app.held.room(&key).await;
        let turn = async move {
            let part = file.next().await;
            (part, file)
        };
        let made = app.lanes.run(Lane::Far, &key, turn).await;
        let (part, file) = match made {
            Ok((Ok(part), file)) => (part?, file),
            Ok((Err(failure), _)) => return cut_short(&with_causes(&failure)),
            Err(busy) => return cut_short(&busy.to_string()),
        };
        let bytes = app.held.text(&key, part);
        Some((Ok(bytes), Some((file, app, key))))
    });
    let head = [(CONTENT_TYPE, "application/json"), (CONTENT_DISPOSITION, "attachment; filename=\"customer.json\"")];
    (head, Body::from_stream(parts)).into_response()
}

/// An export that ends before its end.
fn cut_short<S>(reason: &str) -> Option<(io::Result<axum::body::Bytes>, Option<S>)> {
    tracing::error!(reason, "an export was cut short");
    Some((Err(io::Error::other("an export was cut short")), None))
}
