//! A document as a list of nodes in document order: the root first, attributes behind their element.

use super::super::tree::{Element, Node as TreeNode};

pub type NodeId = usize;
pub const ROOT: NodeId = 0;

#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    Root,
    Element(String),
    Attribute(String, String),
    Text(String),
}

#[derive(Debug)]
pub struct Node {
    pub kind: Kind,
    pub parent: Option<NodeId>,
    pub children: Vec<NodeId>,
    pub attributes: Vec<NodeId>,
}

#[derive(Debug)]
pub struct Document {
    pub nodes: Vec<Node>,
}

impl Document {
    pub fn of(root: Element) -> Self {
        let mut document = Self { nodes: Vec::new() };
        document.add(Kind::Root, None);
        document.element(root, ROOT);
        document
    }

    fn add(&mut self, kind: Kind, parent: Option<NodeId>) -> NodeId {
        self.nodes.push(Node { kind, parent, children: Vec::new(), attributes: Vec::new() });
        self.nodes.len() - 1
    }

    fn element(&mut self, element: Element, parent: NodeId) {
        let id = self.add(Kind::Element(element.name), Some(parent));
        self.nodes[parent].children.push(id);
        for (name, value) in element.attributes {
            let attribute = self.add(Kind::Attribute(name, value), Some(id));
            self.nodes[id].attributes.push(attribute);
        }
        for child in element.children {
            match child {
                TreeNode::Element(child) => self.element(child, id),
                TreeNode::Text(text) => {
                    let text = self.add(Kind::Text(text), Some(id));
                    self.nodes[id].children.push(text);
                }
            }
        }
    }

    pub fn name(&self, node: NodeId) -> &str {
        match &self.nodes[node].kind {
            Kind::Element(name) | Kind::Attribute(name, _) => name,
            Kind::Root | Kind::Text(_) => "",
        }
    }

    /// DOM's `nodeValue`.
    pub fn value(&self, node: NodeId) -> Option<&str> {
        match &self.nodes[node].kind {
            Kind::Attribute(_, value) | Kind::Text(value) => Some(value),
            Kind::Root | Kind::Element(_) => None,
        }
    }

    /// The string value: all text inside.
    pub fn string(&self, node: NodeId) -> String {
        let mut out = String::new();
        self.add_text(node, &mut out);
        out
    }

    fn add_text(&self, node: NodeId, out: &mut String) {
        match self.value(node) {
            Some(text) => out.push_str(text),
            None => self.nodes[node].children.iter().for_each(|child| self.add_text(*child, out)),
        }
    }
}
