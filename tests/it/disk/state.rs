//! The simulated disk: a folder that is on disk, and what a process has done to it since, as its journal tells.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rand::rngs::StdRng;

use super::{
    file::File,
    journal::Record,
    names::{Names, Node, ROOT, Table},
};

/// The disk.
#[derive(Debug, Clone)]
pub(crate) struct Disk {
    /// Files; folders have none.
    nodes: Vec<Option<File>>,
    /// Which node an inode is at the moment; the system uses inodes again.
    inodes: HashMap<u64, Node>,
    names: Names,
    /// Syncs that have begun: of what, and at which place of the journal.
    syncs: HashMap<u64, (Node, u64)>,
    /// How many entries of the journal are done.
    place: u64,
}

/// Files and folders, as they are on a disk, by their paths below a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Image {
    /// Contents of files.
    pub(crate) files: BTreeMap<PathBuf, Vec<u8>>,
    /// Folders, each after the one that it is in.
    pub(crate) folders: Vec<PathBuf>,
}

impl Disk {
    /// The disk with a folder, all of which is on it for sure.
    pub(crate) fn of(folder: &Path) -> Self {
        let inode = fs::metadata(folder).expect("the folder").ino();
        let mut disk = Self {
            nodes: vec![None],
            inodes: HashMap::from([(inode, ROOT)]),
            names: Names::default(),
            syncs: HashMap::new(),
            place: 0,
        };
        disk.add(folder, ROOT);
        disk
    }

    fn add(&mut self, folder: &Path, node: Node) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let entry = entry.expect("an entry");
            let (path, metadata) = (entry.path(), entry.metadata().expect("what it is"));
            let content = metadata.is_file().then(|| File::kept(fs::read(&path).expect("a file")));
            let added = self.node(metadata.ino(), content);
            self.names.keep(node, &entry.file_name(), added);
            if metadata.is_dir() {
                self.add(&path, added);
            }
        }
    }

    fn node(&mut self, inode: u64, content: Option<File>) -> Node {
        self.nodes.push(content);
        let node = self.nodes.len() - 1;
        self.inodes.insert(inode, node);
        node
    }

    fn file(&mut self, inode: u64) -> &mut File {
        let node = self.inodes.get(&inode).unwrap_or_else(|| panic!("inode {inode} is of no file that is known"));
        self.nodes[*node].as_mut().expect("a file")
    }

    /// Goes on by an entry of the journal.
    pub(crate) fn apply(&mut self, record: Record<'_>) {
        let place = self.place;
        self.place += 1;
        match record {
            Record::Create { inode, path } => self.create(inode, path, Some(File::default())),
            Record::Folder { inode, path } => self.create(inode, path, None),
            Record::Write { inode, at, bytes } => self.file(inode).write(place, at, bytes),
            Record::Resize { inode, size } => self.file(inode).resize(place, size),
            Record::Remove { path } => {
                let name = self.names.name(path);
                self.names.change(place, vec![(name, None)]);
            }
            Record::Rename { from, to, exchange } => {
                let (source, target) = (self.names.find(from), self.names.find(to));
                // Two names of one file: nothing happens.
                if source != target {
                    let left = target.filter(|_| exchange);
                    self.names.change(place, vec![(self.names.name(from), left), (self.names.name(to), source)]);
                }
            }
            Record::Link { from, to } => {
                let node = self.names.find(from);
                self.names.change(place, vec![(self.names.name(to), node)]);
            }
            Record::SyncBegin { inode, sync } => drop(self.syncs.insert(sync, (self.inodes[&inode], place))),
            Record::SyncEnd { sync, .. } => self.sync(sync),
            Record::Told(_) => {}
            Record::Strange(what) => panic!("the process used {what}, which is not simulated"),
        }
    }

    fn create(&mut self, inode: u64, path: &Path, content: Option<File>) {
        let node = self.node(inode, content);
        self.names.change(self.place - 1, vec![(self.names.name(path), Some(node))]);
    }

    fn sync(&mut self, sync: u64) {
        let (node, before) = self.syncs.remove(&sync).expect("it has begun");
        if let Some(file) = &mut self.nodes[node] {
            file.sync(before);
        }
        self.names.sync(node, before);
    }

    /// The folder as the process sees it.
    pub(crate) fn now(&self) -> Image {
        self.image(self.names.now(), |file| file.whole())
    }

    /// What a power cut leaves at this place of the journal.
    pub(crate) fn cut(&self, random: &mut StdRng) -> Image {
        let names = self.names.cut(random);
        self.image(&names, |file| file.cut(random))
    }

    fn image(&self, names: &Table, mut content: impl FnMut(&File) -> Vec<u8>) -> Image {
        let mut image = Image::default();
        // A file with two names has one content.
        let mut contents: HashMap<Node, Vec<u8>> = HashMap::new();
        let mut folders = vec![(ROOT, PathBuf::new())];
        while let Some((folder, path)) = folders.pop() {
            let within = names.iter().filter(|((of, _), _)| *of == folder);
            for ((_, name), node) in within {
                let path = path.join(name);
                match &self.nodes[*node] {
                    Some(file) => {
                        let content = contents.entry(*node).or_insert_with(|| content(file));
                        image.files.insert(path, content.clone());
                    }
                    None => {
                        image.folders.push(path.clone());
                        folders.push((*node, path));
                    }
                }
            }
        }
        image
    }
}

impl Image {
    /// What is in a folder.
    pub(crate) fn of(folder: &Path) -> Self {
        Disk::of(folder).now()
    }

    /// Makes it in a folder, which is empty.
    pub(crate) fn write(&self, folder: &Path) {
        for path in &self.folders {
            fs::create_dir(folder.join(path)).expect("a folder");
        }
        for (path, content) in &self.files {
            fs::write(folder.join(path), content).expect("a file");
        }
    }

    /// Where two differ, for people.
    pub(crate) fn differences(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let paths: BTreeSet<_> = self.files.keys().chain(other.files.keys()).collect();
        for path in paths {
            let (one, two) = (self.files.get(path), other.files.get(path));
            if one == two {
                continue;
            }
            let lengths = [one, two].map(|content| content.map(Vec::len));
            let first = one.zip(two).and_then(|(one, two)| one.iter().zip(two).position(|(one, two)| one != two));
            found.push(format!("{}: lengths {lengths:?}, first difference at {first:?}", path.display()));
        }
        let folders = [self, other].map(|image| image.folders.iter().collect::<BTreeSet<_>>());
        if folders[0] != folders[1] {
            found.push(format!("folders {folders:?}"));
        }
        found
    }
}
