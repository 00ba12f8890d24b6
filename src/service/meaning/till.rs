//! The meaning of what is asked at the till: baskets, checkouts and what comes back.

use super::Parts;
use crate::{CheckoutOrder, ReturnOrder};
use scrip_domain::{
    basket::BasketDraft,
    purchase::{Asked, AskedLine},
};

impl Parts {
    pub(super) fn basket(&mut self, basket: &BasketDraft) {
        let BasketDraft { currency, store, shipping, lines } = basket;
        self.text(currency);
        self.maybe_text(store.as_ref());
        self.maybe_amount(shipping.as_ref());
        self.number(lines.len() as u64);
        for (product, quantity, price) in lines {
            self.text(product);
            self.text(&quantity.to_string());
            self.amount(price);
        }
    }

    pub(super) fn checkout(&mut self, order: &CheckoutOrder) {
        let CheckoutOrder { transaction, customer, basket, coupons, at, expected_payable } = order;
        self.text(transaction.as_str());
        self.text(customer.as_str());
        self.basket(basket);
        self.number(coupons.len() as u64);
        for coupon in coupons {
            self.text(&coupon.code);
            self.maybe_amount(coupon.amount.as_ref());
        }
        self.maybe(*at, |parts, at| parts.text(&at.as_millisecond().to_string()));
        self.later("expectedPayable", *expected_payable, |parts, amount| parts.text(&amount.plain()));
    }

    pub(super) fn held(&mut self, order: &CheckoutOrder, minutes: i64) {
        self.text("hold");
        self.checkout(order);
        self.text(&minutes.to_string());
    }

    pub(super) fn returned(&mut self, order: &ReturnOrder) {
        let ReturnOrder { transaction, asked, reason } = order;
        self.text("return");
        self.text(transaction.as_str());
        match asked {
            Asked::All => self.text("all"),
            Asked::Parts(lines, shipping) => {
                self.text("parts");
                self.number(u64::from(*shipping));
                self.number(lines.len() as u64);
                for AskedLine { line, quantity, amount } in lines {
                    self.text(&line.to_string());
                    self.maybe(*quantity, |parts, quantity| parts.text(&quantity.to_string()));
                    self.maybe_amount(amount.as_ref());
                }
            }
        }
        self.reason(reason.as_ref());
    }
}
