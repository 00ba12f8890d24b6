//! The rules of Scrip as pure functions and types: no async, IO, clock, randomness, GraphQL or
//! database type is named below this module. What the world was asked comes in as data, so every
//! decision can be repeated exactly.

pub mod access;
pub mod audit;
pub mod basket;
pub mod binding;
pub mod causes;
pub mod cell;
pub mod checkout;
pub mod clock;
pub mod code;
pub mod combining;
pub mod coupon;
pub mod currency;
pub mod customer;
pub mod decimal;
pub mod event;
pub mod gift_card;
pub mod global_id;
pub mod group;
pub mod id;
pub mod job;
pub mod limits;
pub mod name_key;
pub mod notice;
pub mod period;
pub mod pool;
pub mod pool_codes;
pub mod pool_draft;
pub mod pool_tables;
pub mod presence;
pub mod purchase;
pub mod rejection;
pub mod seal;
pub mod source;
pub mod status;
pub mod terms;
pub mod till;
pub mod token_key;
pub mod update;
pub mod withdrawn;
pub mod zone;
