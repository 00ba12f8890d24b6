//! What no compiler holds of the pages: each link of a Markdown file leads to a file, and to a heading of it, that there
//! is; what other files say of a page in docs/ names one; the README names all of them; and tables of what there is have
//! a row for each.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
};

/// Folders in which nothing is ours: what is built, fetched or written there.
const PASSED_OVER: [&str; 4] = [".git", "data", "node_modules", "target"];

/// Everything in the repository, by its path, as far as it is text.
fn texts() -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            // Links of the file system are not followed: they could lead round in a circle.
            let Ok(kind) = entry.file_type() else { continue };
            let path = entry.path();
            if PASSED_OVER.iter().any(|name| entry.file_name() == *name) {
                continue;
            }
            if kind.is_dir() {
                folders.push(path);
            } else if let (true, Ok(text)) = (kind.is_file(), fs::read_to_string(&path)) {
                found.insert(path, text);
            }
        }
    }
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).canonicalize().expect("the repository's folder")
}

fn is_page(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

/// All pages, by their path.
fn pages(texts: &BTreeMap<PathBuf, String>) -> BTreeMap<PathBuf, Page> {
    let pages = texts.iter().filter(|(path, _)| is_page(path));
    pages.map(|(path, text)| (path.clone(), Page::read(text))).collect()
}

/// What of a page matters to links.
struct Page {
    /// Where its links lead to.
    links: Vec<String>,
    /// What its headings are linked to by.
    anchors: HashSet<String>,
}

impl Page {
    fn read(text: &str) -> Self {
        let mut prose = String::new();
        let mut anchors = HashSet::new();
        let mut same = HashMap::<String, usize>::new();
        // What a block of code began with, where one is open.
        let mut block = None;
        for line in text.lines() {
            let mark = ["```", "~~~"].into_iter().find(|mark| line.trim_start().starts_with(mark));
            match (block, mark) {
                (None, Some(_)) => block = mark,
                (Some(begun), Some(mark)) if begun == mark => block = None,
                (Some(_), _) => {}
                (None, None) => {
                    if let Some(title) = heading(line) {
                        let anchor = slug(title);
                        let before = same.entry(anchor.clone()).or_default();
                        anchors.insert(if *before == 0 { anchor } else { format!("{anchor}-{before}") });
                        *before += 1;
                    }
                    prose.push_str(line);
                }
            }
            prose.push('\n');
        }
        let title = text.lines().next();
        assert_eq!(block, None, "a block of code has no end in the page {title:?}");
        Self { links: links(&prose), anchors }
    }
}

/// The title of a line that is a heading.
fn heading(line: &str) -> Option<&str> {
    let title = line.trim_start_matches('#');
    let level = line.len() - title.len();
    title.strip_prefix(' ').filter(|_| (1..=6).contains(&level)).map(str::trim)
}

/// What GitHub links a heading to by: its text in lower case, with hyphens for blanks and without other signs.
fn slug(title: &str) -> String {
    let mut text = title.to_owned();
    // Of a link its text is left.
    while let Some((start, (link, end))) =
        text.split_once("](").and_then(|(start, rest)| Some((start, rest.split_once(')')?)))
    {
        assert!(!link.is_empty(), "a link that leads nowhere in the heading {title}");
        text = format!("{start}{end}");
    }
    let kept = |sign: &char| sign.is_alphanumeric() || matches!(sign, ' ' | '-' | '_');
    text.to_lowercase().chars().filter(kept).map(|sign| if sign == ' ' { '-' } else { sign }).collect()
}

/// Where the links of a text lead to, in paragraphs: `[text](target)`, and `[name]: target` at the start of a line.
fn links(prose: &str) -> Vec<String> {
    let mut found = Vec::new();
    for paragraph in prose.split("\n\n") {
        let text = without_code(paragraph);
        let inline = text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target);
        let defined = text.lines().filter(|line| line.starts_with('['));
        let defined = defined.filter_map(|line| line.split_once("]: ")).map(|(_, target)| target);
        // A title may follow.
        found.extend(inline.chain(defined).filter_map(|target| target.split_whitespace().next()).map(str::to_owned));
    }
    found
}

/// A text without what stands in backticks.
fn without_code(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('`') {
        kept.push_str(before);
        let after = from.trim_start_matches('`');
        let ticks = "`".repeat(1 + from.len() - after.len());
        // Where they have no end they stand for themselves.
        rest = after.split_once(ticks.as_str()).map_or(after, |(_, end)| end);
    }
    kept + rest
}

/// What is wrong with a link of a page; none where it leads somewhere. What is outside of the repository is not asked.
fn fault(page: &Path, link: &str, pages: &BTreeMap<PathBuf, Page>) -> Option<String> {
    if ["https://", "http://"].iter().any(|scheme| link.starts_with(scheme)) {
        return None;
    }
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let target = if path.is_empty() { page.to_owned() } else { page.parent()?.join(path) };
    let Ok(target) = target.canonicalize() else { return Some("no such file".to_owned()) };
    if !target.starts_with(root()) {
        return Some("it leads out of the repository".to_owned());
    }
    let anchor = anchor?;
    let target = if target.is_dir() { target.join("README.md") } else { target };
    match pages.get(&target) {
        None => Some("only headings of pages can be linked to: lines of other files move".to_owned()),
        Some(found) if found.anchors.contains(anchor) => None,
        Some(_) => Some("no such heading".to_owned()),
    }
}

/// The pages of docs/ that a text names, as `NAME.md` or `NAME.md#anchor`.
fn named(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, mark) in text.match_indices("docs/") {
        // In a longer path it is another folder.
        let before = text[..at].chars().next_back();
        if before.is_some_and(|sign| sign.is_alphanumeric() || matches!(sign, '/' | '-' | '_' | '.')) {
            continue;
        }
        let rest = &text[at + mark.len()..];
        let end = rest.find(|sign: char| !(sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_' | '.' | '#')));
        let name = rest[..end.unwrap_or(rest.len())].trim_end_matches('.');
        if name.ends_with(".md") || name.contains(".md#") {
            found.push(name);
        }
    }
    found
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages(&texts());
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (path, page) in &pages {
        for link in &page.links {
            seen += 1;
            if let Some(fault) = fault(path, link, &pages) {
                wrong.push(format!("{}: {link}: {fault}", path.display()));
            }
        }
    }
    assert!(seen > 0, "no page has a link");
    assert!(wrong.is_empty(), "links that lead nowhere: {wrong:#?}");
}

#[test]
fn pages_that_are_named_elsewhere_exist() {
    let texts = texts();
    let pages = pages(&texts);
    // A page that is taken for one at the top, so that names are read as links from there.
    let top = root().join("README.md");
    let mut wrong = Vec::new();
    // Names of pages stand in this file as examples.
    for (path, text) in texts.iter().filter(|(path, _)| !is_page(path) && !path.ends_with("tests/it/pages.rs")) {
        for name in named(text) {
            if let Some(fault) = fault(&top, &format!("docs/{name}"), &pages) {
                wrong.push(format!("{}: docs/{name}: {fault}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "pages that are named and not there: {wrong:#?}");
}

#[test]
fn the_readme_leads_to_every_page() {
    let texts = texts();
    let readme = pages(&texts).remove(&root().join("README.md")).expect("a README");
    let linked: HashSet<&str> = readme.links.iter().filter_map(|link| link.split('#').next()).collect();
    let docs = texts.keys().filter_map(|path| path.strip_prefix(root()).ok()?.to_str());
    let missing: Vec<&str> =
        docs.filter(|path| path.starts_with("docs/") && path.ends_with(".md") && !linked.contains(path)).collect();
    assert!(missing.is_empty(), "pages that the README does not lead to: {missing:#?}");
}

#[test]
fn tables_have_all_that_there_is() {
    let texts = texts();
    let text = |path: &str| texts.get(&root().join(path)).unwrap_or_else(|| panic!("{path} is there"));
    // The part of a file that tells what there is, what stands before each of its names, and the page with the table.
    for (file, (from, to), before, page) in [
        ("src/config/environment.rs", ("const VARIABLES", "];"), "\"", "docs/operating.md"),
        ("src/http/streams/close.rs", ("pub(super) const", "impl From"), "code: ", "docs/live-changes.md"),
        ("Cargo.toml", ("[[bench]]", "\0"), "[[bench]]\nname = \"", "docs/benchmarks.md"),
        ("src/plugins/limits.rs", ("let bounds", "];"), "(\"", "docs/plugins.md"),
    ] {
        let part = text(file).split_once(from).map(|(_, rest)| format!("{from}{rest}")).unwrap_or_default();
        let part = part.split(to).next().unwrap_or_default();
        let ends = |sign: char| !(sign.is_ascii_alphanumeric() || sign == '_');
        let names = part.split(before).skip(1).filter_map(|rest| rest.split(ends).next());
        let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
        assert!(names.len() > 3, "{file} tells what there is in another way: {names:?}");
        let rows: String = text(page).lines().filter(|line| line.starts_with('|')).collect();
        let missing: Vec<_> = names.into_iter().filter(|name| !rows.contains(name)).collect();
        assert!(missing.is_empty(), "no table of {page} has {missing:?} of {file}");
    }
}

#[test]
fn pages_are_read_as_github_reads_them() {
    let text = "# One `code`, and more: 100 %\n\n[a](b.md#c) and [`d`](e \"title\"), `[no](link)`\nnor ``[`no`](link)``\n\n\
                ```sh\n# no heading\n[no](link)\n```\n\n## Ab_c\n## Ab_c\n### See [the page](x.md) & go\n\n[name]: f.md\n#none\n";
    let page = Page::read(text);
    assert_eq!(page.links, ["b.md#c", "e", "x.md", "f.md"]);
    let mut anchors: Vec<_> = page.anchors.iter().map(String::as_str).collect();
    anchors.sort_unstable();
    assert_eq!(anchors, ["ab_c", "ab_c-1", "one-code-and-more-100-", "see-the-page--go"]);
}

#[test]
fn links_that_lead_nowhere_are_found() {
    let top = root().join("README.md");
    let pages = BTreeMap::from([(top.clone(), Page::read("# A title\n"))]);
    for (link, expected) in [
        ("https://example.com/nothing#here", None),
        ("README.md", None),
        ("#a-title", None),
        ("src", None),
        (".#a-title", None),
        ("README.md#another", Some("no such heading")),
        ("Cargo.toml#L1", Some("only headings of pages can be linked to: lines of other files move")),
        ("no/such/file.md", Some("no such file")),
        ("..", Some("it leads out of the repository")),
    ] {
        assert_eq!(fault(&top, link, &pages).as_deref(), expected, "{link}");
    }
    let text = "see docs/a.md, (docs/b-c.md#d). x/docs/no.md docs/ docs/no.txt docs/e.md.";
    assert_eq!(named(text), ["a.md", "b-c.md#d", "e.md"]);
}
