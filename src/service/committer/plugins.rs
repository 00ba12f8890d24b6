//! What a decision asks of plugins: the checks of a pool before its coupons are used, and the codes of a source.
//! Both are questions whose answers come with the command; see `service/question.rs`.

use crate::{issued::usable, question::Question};
use scrip_domain::{
    basket::Basket,
    binding::{Binding, Outcome},
    checkout::Check,
    coupon::Coupon,
    customer::Customer,
    global_id::{GlobalId, GlobalIds},
    id::CustomerId,
    period::Instant,
    pool::Pool,
    rejection::{Refusal, Rejection},
    terms::{Terms, Value},
};
use scrip_plugins::{
    CheckRequest, CheckVerdict, CodeRequest, Occasion, PluginBasket, PluginCoupon, PluginCustomer, PluginLine,
    PluginPool, PluginValue, SourceRefusal, shown,
};

use super::{asker::Asker, rows::Rows, stop::Stop};

/// On what occasion checks are asked, and with what.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    pub(super) occasion: Occasion,
    pub(super) customer: Option<&'a CustomerId>,
    pub(super) basket: Option<&'a Basket>,
    /// Another time than now.
    pub(super) at: Option<Instant>,
}

/// A code that a source has given, and when its time is over where the source says so.
pub(super) struct Given<'p> {
    /// The source.
    pub(super) plugin: &'p str,
    pub(super) code: String,
    pub(super) expires_at: Option<Instant>,
}

/// Asks plugins, over the rows.
pub(super) struct Plugins<'r, 'a> {
    pub(super) rows: &'r mut Rows<'a>,
    pub(super) asker: Asker<'a>,
    /// What they have to be asked.
    pub(super) questions: &'r mut Vec<Question>,
    /// What a source knows a claim again by.
    pub(super) source_key: &'r str,
}

impl Plugins<'_, '_> {
    /// Refuses a coupon that one of its pool's checks does not allow.
    pub(super) fn pass_checks(&mut self, coupon: &Coupon, terms: &Terms, setting: Setting<'_>) -> Result<(), Stop> {
        let pool = self.rows.pool_of(coupon.id)?;
        let checks = self.checks(&pool, &[(coupon, terms)], setting)?;
        let refusals: Vec<Refusal> = checks.into_iter().flatten().filter_map(|check| check.refusal).collect();
        if refusals.is_empty() { Ok(()) } else { Err(refusals.into()) }
    }

    /// Asks a pool's source for a code.
    pub(super) fn code<'p>(&mut self, pool: &'p Pool, customer: &CustomerId) -> Result<Given<'p>, Stop> {
        let no_source = || Stop::broken(format!("pool {:?} has no source", pool.id));
        let binding = pool.remote.as_ref().ok_or_else(no_source)?;
        let known = self.rows.customer(customer)?;
        let request = Box::new(CodeRequest {
            idempotency_key: self.source_key.to_owned(),
            now: String::new(),
            pool: plugin_pool(self.rows.working().registry.ids(), pool),
            customer: plugin_customer(customer, known),
            config: binding.config.clone(),
        });
        let question = Question::Code { plugin: binding.plugin.clone(), request };
        let Some(answer) = self.asker.prepared.answers.code(&question) else {
            self.questions.push(question);
            return Err(Stop::Asks);
        };
        let unavailable = |reason: String| Rejection::SourceUnavailable { plugin: binding.plugin.clone(), reason };
        let issued = match answer {
            Ok(Ok(issued)) => issued,
            Ok(Err(SourceRefusal::Refused(reason))) => {
                return Err(Rejection::SourceRefused { reason: shown(&reason) }.into());
            }
            Ok(Err(SourceRefusal::Unavailable(reason))) => return Err(unavailable(shown(&reason)).into()),
            Ok(Err(SourceRefusal::Misconfigured(reason))) => {
                return Err(unavailable(format!("its configuration is wrong: {}", shown(&reason))).into());
            }
            Err(failure) => return Err(unavailable(failure.to_string()).into()),
        };
        let usable = usable(&issued, Some(self.rows.now()));
        let (code, expires_at) = usable.map_err(|reason| unfit(&binding.plugin, &reason))?;
        Ok(Given { plugin: &binding.plugin, code, expires_at })
    }

    /// What a pool's checks say of some of its coupons: for each coupon, each check. One question a check.
    pub(super) fn checks(
        &mut self,
        pool: &Pool,
        coupons: &[(&Coupon, &Terms)],
        setting: Setting<'_>,
    ) -> Result<Vec<Vec<Check>>, Stop> {
        let at_claim = setting.occasion == Occasion::Claim;
        let bound: Vec<_> = pool.checks.iter().filter(|check| !at_claim || check.at_claim).collect();
        let mut all = vec![Vec::new(); coupons.len()];
        if bound.is_empty() {
            return Ok(all);
        }
        let customer = setting.customer.or_else(|| coupons.first().and_then(|(coupon, _)| coupon.customer.as_ref()));
        let customer = customer.map(|id| self.rows.customer(id).map(|known| plugin_customer(id, known))).transpose()?;
        let request = CheckRequest {
            occasion: setting.occasion,
            now: setting.at.map(|at| at.to_string()).unwrap_or_default(),
            pool: plugin_pool(self.rows.working().registry.ids(), pool),
            customer,
            basket: setting.basket.map(plugin_basket),
            coupons: coupons
                .iter()
                .map(|(coupon, terms)| plugin_coupon(self.rows.working().registry.ids(), pool, coupon, terms))
                .collect(),
            config: serde_json::Value::Null,
        };
        let mut answered = Vec::with_capacity(bound.len());
        for binding in bound {
            let request = Box::new(CheckRequest { config: binding.config.clone(), ..request.clone() });
            let question = Question::Check { plugin: binding.plugin.clone(), request };
            match self.asker.prepared.answers.verdicts(&question) {
                Some(verdicts) => answered.push((binding, verdicts)),
                None => self.questions.push(question),
            }
        }
        if !self.questions.is_empty() {
            return Err(Stop::Asks);
        }
        for (binding, verdicts) in answered {
            for (place, checks) in all.iter_mut().enumerate() {
                let verdict = match &verdicts {
                    Ok(verdicts) => Ok(verdicts.get(place).and_then(refused_for)),
                    Err(failure) => Err(failure.to_string()),
                };
                checks.push(told(binding, binding.outcome(verdict)));
            }
        }
        Ok(all)
    }
}

/// What is told of a source whose code cannot be used.
pub(super) fn unfit(plugin: &str, reason: &str) -> Rejection {
    Rejection::SourceUnavailable { plugin: plugin.to_owned(), reason: format!("its code cannot be used: {reason}") }
}

/// Why a verdict refuses; none where it allows.
fn refused_for(verdict: &CheckVerdict) -> Option<String> {
    match verdict {
        CheckVerdict::Allow => None,
        CheckVerdict::Refuse(text) if text.trim().is_empty() => {
            Some("not allowed by one of its pool's checks".to_owned())
        }
        CheckVerdict::Refuse(text) => Some(shown(text)),
    }
}

fn told(binding: &Binding, outcome: Outcome) -> Check {
    let name = format!("plugin {}", binding.plugin);
    match outcome {
        Outcome::Passed { note } => Check { name, refusal: None, note },
        Outcome::Refused(refusal) => Check { name, refusal: Some(refusal), note: None },
    }
}

fn plugin_value(terms: &Terms) -> PluginValue {
    let currency = terms.currency.map(|currency| currency.to_string());
    let amount = terms.value.text(terms.currency).unwrap_or_default();
    match terms.value {
        Value::Amount(_) => PluginValue::Amount { amount, currency },
        Value::Percentage(_) => PluginValue::Percentage { percentage: amount },
        Value::FreeShipping => PluginValue::FreeShipping,
        Value::GiftCard(_) => PluginValue::GiftCard { amount, currency },
    }
}

pub(crate) fn plugin_pool(ids: &GlobalIds, pool: &Pool) -> PluginPool {
    PluginPool {
        id: ids.encode(&GlobalId::Pool(pool.id)),
        external_id: pool.external_id.clone(),
        name: pool.name.clone(),
        value: pool.terms.last().map_or(PluginValue::FreeShipping, |terms| plugin_value(terms)),
    }
}

pub(crate) fn plugin_customer(id: &CustomerId, known: Option<Customer>) -> PluginCustomer {
    let known = known.unwrap_or_else(|| Customer::unknown(id.clone()));
    PluginCustomer {
        id: known.id.to_string(),
        email: known.email.map(|email| email.as_str().to_owned()),
        currency: known.currency.map(|currency| currency.to_string()),
        attributes: known.attributes.as_object().cloned().unwrap_or_default(),
    }
}

fn plugin_basket(basket: &Basket) -> PluginBasket {
    let exponent = basket.currency.exponent();
    let line = |line: &scrip_domain::basket::Line| PluginLine {
        product_id: line.product.clone(),
        quantity: line.quantity,
        unit_price: line.unit_price.text(exponent),
    };
    PluginBasket {
        currency: basket.currency.to_string(),
        store_id: basket.store.clone(),
        shipping: Some(basket.shipping).filter(|shipping| shipping.is_positive()).map(|costs| costs.text(exponent)),
        lines: basket.lines.iter().map(line).collect(),
    }
}

/// A coupon as a plugin sees it. One that is not chosen yet has neither id nor code, and one of an open code that nobody
/// has claimed yet no id: which it will be, changes with every claim.
pub(crate) fn plugin_coupon(ids: &GlobalIds, pool: &Pool, coupon: &Coupon, terms: &Terms) -> PluginCoupon {
    let exists = !coupon.code.is_empty() && (coupon.version > 0 || pool.has_stock());
    PluginCoupon {
        id: if exists { ids.encode(&GlobalId::Coupon(coupon.id)) } else { String::new() },
        code: coupon.code.clone(),
        value: plugin_value(terms),
        balance: coupon.account.map(|account| account.balance.text(terms.exponent())),
        claimed_at: coupon.claimed_at.map(|at| at.to_string()),
        expires_at: coupon.expires_at.map(|at| at.to_string()),
        usages: coupon.usages,
    }
}
