//! Listbridge exports segments of unified customer profiles to Constant Contact contact lists.
//!
//! The way of the data: a *source* is refreshed into a *snapshot* of profiles, *segments* are queries over it, an
//! *export* names a connection, a contact list, a field mapping and segments, and a *run* delivers it in *parts*.
//!
//! This page is the map. Dependencies point downwards only:
//!
//! | module | what it owns |
//! |---|---|
//! | [`cli`] | the command line, one file per command |
//! | [`startup`] | the only place that knows everyone: wires settings, database, services and pages |
//! | [`system`] | home, health |
//! | [`refresh`] | what starts by itself: exports that are due, the system refresh |
//! | [`privacy`] | finding and erasing one person, the exclusion list's pages, retention |
//! | [`runs`] | the export engine: plan, deliver, reconcile, account |
//! | [`schedules`] | recurrences, time zones, the moments they lead to |
//! | [`exports`] | export definitions: connection, list, data matching, segments |
//! | [`connections`] | connections: consent, sign-ins, sharing, tokens, request limits |
//! | [`auth`] | accounts, sign-in, sessions, roles, permissions |
//! | [`web`] | the shell of every page: visit, frame, CSRF, errors, headers, paths |
//! | [`locale`] | messages, numbers and dates in English and zh-HK |
//! | [`notices`] | what somebody should know about: in the app, by mail and by webhook |
//! | [`segments`] | rules over profile fields, member counts |
//! | [`sources`] | where profiles come from: files, loads, snapshots in use |
//! | [`profiles`] | snapshots: profiles in bulk, fields, conditions |
//! | [`exclusions`] | who must never be sent: addresses as keyed hashes, domains |
//! | [`deliveries`] | what exports remember of what they delivered, as keyed hashes |
//! | [`constant_contact`] | typed client of the Constant Contact API and its OAuth 2.0; knows nothing of the rest |
//! | [`openid`] | client of OpenID Connect providers; knows nothing of the rest |
//! | [`names`] | names people give to things |
//! | [`storage`] | database connection, entities, sealed columns, audit log |
//! | `sandbox` | a simulated Constant Contact (feature `sandbox`); shares nothing with the client |
//! | [`config`], [`clock`], [`tls`] | typed settings; the one source of "now"; what outgoing TLS shares |
pub mod auth;
pub mod cli;
pub mod clock;
pub mod config;
pub mod connections;
pub mod constant_contact;
pub mod deliveries;
pub mod exclusions;
pub mod exports;
pub mod locale;
pub mod names;
pub mod notices;
pub mod openid;
pub mod privacy;
pub mod profiles;
pub mod refresh;
pub mod runs;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod schedules;
pub mod segments;
pub mod sources;
pub mod startup;
pub mod storage;
pub mod system;
pub mod tls;
pub mod web;
