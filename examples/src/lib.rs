//! Examples: each file, or folder, beside this one is one story. The README's code is compiled here too, as it needs
//! what the examples need.

#![cfg_attr(doctest, doc = include_str!("../../README.md"))]
