//! Contract 1.0: `plugins/wit/1.0.0`. What later versions add is linked beside it; their names of its interfaces are
//! resolved to these, as the engine does for versions of one major number.

use wasmtime::{
    Engine, Store,
    component::{Component, HasSelf, Linker},
};

use self::{
    restriction::{RestrictionPre, exports::coupon::plugin::restriction_api},
    source::{
        SourcePre,
        coupon::plugin::{http, log},
        exports::coupon::plugin::source_api,
    },
};
use super::{Called, Checked, Issued, Linked, RestrictionGuest, SourceGuest, TellerGuest, v1_1};
use crate::{
    CheckRequest, CheckVerdict, CodeRequest, HttpError, HttpRequest, IssuedCode, LogLevel, Occasion, PluginBasket,
    PluginCoupon, PluginCustomer, PluginPool, PluginValue, SourceRefusal,
    manifest::PluginKind,
    state::{NoSuchThing, State},
};

#[expect(unreachable_pub, reason = "the bindings of later versions export these types again")]
pub use self::source::coupon::plugin::types;

mod source {
    wasmtime::component::bindgen!({
        path: "../../plugins/wit/1.0.0",
        world: "source",
        imports: { "coupon:plugin/http@1.0.0": async | trappable, default: trappable },
        exports: { default: async },
    });
}

mod restriction {
    wasmtime::component::bindgen!({
        path: "../../plugins/wit/1.0.0",
        world: "restriction",
        with: {
            "coupon:plugin/types@1.0.0": super::source::coupon::plugin::types,
            "coupon:plugin/log@1.0.0": super::source::coupon::plugin::log,
        },
        imports: { default: trappable },
        exports: { default: async },
    });
}

mod packed {
    wasmtime::component::bindgen!({
        path: "pack/wit",
        world: "packed",
        imports: { default: trappable },
    });
}

/// Links a component of a kind; one that `tells` exports what 1.1 adds.
pub(super) fn link(engine: &Engine, component: &Component, kind: PluginKind, tells: bool) -> wasmtime::Result<Linked> {
    let mut linker = Linker::<State>::new(engine);
    packed::Packed::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
    Ok(match kind {
        PluginKind::Restriction => {
            restriction::Restriction::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
            Linked::Restriction(Box::new(RestrictionPre::new(linker.instantiate_pre(component)?)?))
        }
        PluginKind::Source => {
            source::Source::add_to_linker::<_, HasSelf<State>>(&mut linker, |state| state)?;
            let instance = linker.instantiate_pre(component)?;
            let teller = match tells {
                true => Some(Box::new(v1_1::teller(instance.clone())?) as Box<dyn TellerGuest>),
                false => None,
            };
            Linked::Source(Box::new(SourcePre::new(instance)?), teller)
        }
    })
}

impl RestrictionGuest for RestrictionPre<State> {
    fn check<'a>(&'a self, store: &'a mut Store<State>, request: &'a CheckRequest) -> Called<'a, Checked> {
        Box::pin(async move {
            let instance = self.instantiate_async(&mut *store).await?;
            let answer = instance.coupon_plugin_restriction_api().call_check(store, &check_request(request)).await?;
            Ok(answer.map(|verdicts| verdicts.into_iter().map(verdict).collect()))
        })
    }

    fn try_out<'a>(&'a self, store: &'a mut Store<State>) -> Called<'a, ()> {
        Box::pin(async move { self.instantiate_async(store).await.map(drop) })
    }
}

impl SourceGuest for SourcePre<State> {
    fn issue<'a>(&'a self, store: &'a mut Store<State>, request: &'a CodeRequest) -> Called<'a, Issued> {
        Box::pin(async move {
            let instance = self.instantiate_async(&mut *store).await?;
            let asked = source_api::CodeRequest {
                idempotency_key: request.idempotency_key.clone(),
                pool: pool(&request.pool),
                customer: customer(&request.customer),
                config: request.config.to_string(),
            };
            let answer = instance.coupon_plugin_source_api().call_issue(store, &asked).await?;
            let issued = answer.map(|issued| IssuedCode { code: issued.code, expires_at: issued.expires_at });
            Ok(issued.map_err(|error| match error {
                source_api::Error::Unavailable(text) => SourceRefusal::Unavailable(text),
                source_api::Error::Refused(text) => SourceRefusal::Refused(text),
                source_api::Error::Misconfigured(text) => SourceRefusal::Misconfigured(text),
            }))
        })
    }

    fn try_out<'a>(&'a self, store: &'a mut Store<State>) -> Called<'a, ()> {
        Box::pin(async move { self.instantiate_async(store).await.map(drop) })
    }
}

impl types::Host for State {}

impl packed::scrip::host::system::Host for State {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.moment.now())
    }

    fn seed(&mut self) -> wasmtime::Result<u64> {
        Ok(self.moment.seed())
    }

    fn print(&mut self, is_error: bool, text: Vec<u8>) -> wasmtime::Result<()> {
        Self::print(self, is_error, &text);
        Ok(())
    }

    fn deny(&mut self, what: String) -> wasmtime::Result<()> {
        Err(NoSuchThing(what).into())
    }
}

impl log::Host for State {
    fn write(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            log::Level::Debug => LogLevel::Debug,
            log::Level::Info => LogLevel::Info,
            log::Level::Warn => LogLevel::Warn,
            log::Level::Error => LogLevel::Error,
        };
        Self::log(self, level, &message);
        Ok(())
    }
}

impl http::Host for State {
    async fn send(&mut self, request: http::Request) -> wasmtime::Result<Result<http::Response, http::Error>> {
        let http::Request { method, url, headers, body } = request;
        let answer = Self::send(self, HttpRequest { method, url, headers, body }).await?;
        Ok(match answer {
            Ok(found) => Ok(http::Response { status: found.status, headers: found.headers, body: found.body }),
            Err(HttpError::Denied(reason)) => Err(http::Error::Denied(reason)),
            Err(HttpError::TimedOut) => Err(http::Error::TimedOut),
            Err(HttpError::Unreachable(reason)) => Err(http::Error::Unreachable(reason)),
            Err(HttpError::TooLarge) => Err(http::Error::TooLarge),
            Err(HttpError::Invalid(reason)) => Err(http::Error::Invalid(reason)),
        })
    }
}

fn check_request(request: &CheckRequest) -> restriction_api::CheckRequest {
    restriction_api::CheckRequest {
        occasion: match request.occasion {
            Occasion::Claim => restriction_api::Occasion::Claim,
            Occasion::Preview => restriction_api::Occasion::Preview,
            Occasion::Redeem => restriction_api::Occasion::Redeem,
            Occasion::Checkout => restriction_api::Occasion::Checkout,
        },
        now: request.now.clone(),
        pool: pool(&request.pool),
        customer: request.customer.as_ref().map(customer),
        basket: request.basket.as_ref().map(basket),
        coupons: request.coupons.iter().map(coupon).collect(),
        config: request.config.to_string(),
    }
}

fn verdict(verdict: restriction_api::Verdict) -> CheckVerdict {
    match verdict {
        restriction_api::Verdict::Allow => CheckVerdict::Allow,
        restriction_api::Verdict::Refuse(text) => CheckVerdict::Refuse(text),
    }
}

fn money(amount: &str, currency: Option<&String>) -> types::Money {
    types::Money { amount: amount.to_owned(), currency: currency.cloned() }
}

fn value(value: &PluginValue) -> types::CouponValue {
    match value {
        PluginValue::Amount { amount, currency } => types::CouponValue::Amount(money(amount, currency.as_ref())),
        PluginValue::Percentage { percentage } => types::CouponValue::Percentage(percentage.clone()),
        PluginValue::FreeShipping => types::CouponValue::FreeShipping,
        PluginValue::GiftCard { amount, currency } => types::CouponValue::GiftCard(money(amount, currency.as_ref())),
    }
}

pub(super) fn pool(pool: &PluginPool) -> types::Pool {
    types::Pool {
        id: pool.id.clone(),
        external_id: pool.external_id.clone(),
        name: pool.name.clone(),
        value: value(&pool.value),
    }
}

pub(super) fn customer(customer: &PluginCustomer) -> types::Customer {
    types::Customer {
        id: customer.id.clone(),
        email: customer.email.clone(),
        currency: customer.currency.clone(),
        attributes: serde_json::to_string(&customer.attributes).unwrap_or_default(),
    }
}

fn basket(basket: &PluginBasket) -> types::Basket {
    let line = |line: &crate::PluginLine| types::Line {
        product_id: line.product_id.clone(),
        quantity: line.quantity,
        unit_price: line.unit_price.clone(),
    };
    types::Basket {
        currency: basket.currency.clone(),
        store_id: basket.store_id.clone(),
        shipping: basket.shipping.clone(),
        lines: basket.lines.iter().map(line).collect(),
    }
}

pub(super) fn coupon(coupon: &PluginCoupon) -> types::Coupon {
    types::Coupon {
        id: coupon.id.clone(),
        code: coupon.code.clone(),
        value: value(&coupon.value),
        balance: coupon.balance.clone(),
        claimed_at: coupon.claimed_at.clone(),
        expires_at: coupon.expires_at.clone(),
        usages: coupon.usages,
    }
}
