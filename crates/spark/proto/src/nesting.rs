//! How deep a message nests, found out without recursion and before any of it is decoded.
//!
//! prost decodes by recursion and keeps no count here, so a message that nests without end would take the stack and
//! with it the process. The walk knows from the descriptors which fields hold messages; everything else is skipped.
//! Groups are refused: proto3 has none, and prost would skip unknown ones by recursion.

use std::collections::HashMap;
use std::sync::LazyLock;

use prost::Message;
use prost_types::{DescriptorProto, FileDescriptorSet};

use crate::FILE_DESCRIPTOR_SET;
use crate::decode::DecodeError;
use crate::limits::{MAX_MESSAGE_ITEMS, MESSAGES_PER_LEVEL};
use crate::opaque::OPAQUE_FIELDS;

/// The messages whose nesting is a plan's depth. Every cycle of the schema goes through one of them.
const COUNTED: [&str; 4] = [
    "spark.connect.Relation",
    "spark.connect.Expression",
    "spark.connect.Expression.Literal",
    "spark.connect.DataType",
];

static SCHEMA: LazyLock<Schema> = LazyLock::new(Schema::published);

/// For each message, the fields that hold messages.
struct Schema {
    by_name: HashMap<String, usize>,
    messages: Vec<Shape>,
}

#[derive(Default)]
struct Shape {
    counted: bool,
    /// Field number and index of the field's message, in the order of the numbers.
    children: Vec<(u32, usize)>,
}

struct Frame {
    message: usize,
    end: usize,
}

/// Walks `wire` as a message of the type `name` and gives the largest number of messages in one another.
pub(crate) fn check(name: &str, wire: &[u8], max_depth: usize) -> Result<usize, DecodeError> {
    let root = SCHEMA.by_name.get(name).ok_or(DecodeError::Malformed("a message of an unknown type"))?;
    Walk::new(&SCHEMA.messages, *root, wire, max_depth).run()
}

struct Walk<'a> {
    messages: &'a [Shape],
    wire: &'a [u8],
    position: usize,
    stack: Vec<Frame>,
    depth: usize,
    max_depth: usize,
    deepest: usize,
    items: usize,
}

impl<'a> Walk<'a> {
    fn new(messages: &'a [Shape], root: usize, wire: &'a [u8], max_depth: usize) -> Self {
        let stack = vec![Frame { message: root, end: wire.len() }];
        let depth = usize::from(messages[root].counted);
        Self { messages, wire, position: 0, stack, depth, max_depth, deepest: 1, items: 0 }
    }

    fn run(mut self) -> Result<usize, DecodeError> {
        while let Some(&Frame { message, end }) = self.stack.last() {
            if self.position == end {
                self.depth -= usize::from(self.messages[message].counted);
                self.stack.pop();
            } else {
                self.field(message, end)?;
            }
        }
        Ok(self.deepest)
    }

    fn field(&mut self, message: usize, end: usize) -> Result<(), DecodeError> {
        let key = self.varint(end)?;
        let number = u32::try_from(key >> 3).map_err(|_| DecodeError::Malformed("a field number out of range"))?;
        if number == 0 {
            return Err(DecodeError::Malformed("a field with number 0"));
        }
        match key & 7 {
            0 => self.varint(end).map(drop),
            1 => self.skip(8, end),
            2 => self.delimited(message, number, end),
            5 => self.skip(4, end),
            3 | 4 => Err(DecodeError::Malformed("a group")),
            _ => Err(DecodeError::Malformed("an unknown wire type")),
        }
    }

    fn delimited(&mut self, message: usize, number: u32, end: usize) -> Result<(), DecodeError> {
        self.items += 1;
        if self.items > MAX_MESSAGE_ITEMS {
            return Err(DecodeError::TooMany { limit: MAX_MESSAGE_ITEMS });
        }
        let length = self.varint(end)?;
        let length = usize::try_from(length).map_err(|_| DecodeError::Malformed("a length out of range"))?;
        let children = &self.messages[message].children;
        match children.binary_search_by_key(&number, |child| child.0) {
            Ok(found) => self.enter(children[found].1, length, end),
            Err(_) => self.skip(length, end),
        }
    }

    fn enter(&mut self, message: usize, length: usize, end: usize) -> Result<(), DecodeError> {
        let inner_end = self.after(length, end)?;
        self.depth += usize::from(self.messages[message].counted);
        let nesting = self.stack.len() + 1;
        if self.depth > self.max_depth || nesting > self.max_depth.saturating_add(1) * MESSAGES_PER_LEVEL {
            return Err(DecodeError::TooDeep { limit: self.max_depth });
        }
        self.deepest = self.deepest.max(nesting);
        self.stack.push(Frame { message, end: inner_end });
        Ok(())
    }

    fn skip(&mut self, length: usize, end: usize) -> Result<(), DecodeError> {
        self.position = self.after(length, end)?;
        Ok(())
    }

    /// Where `length` bytes from here end, which must be inside the surrounding message.
    fn after(&self, length: usize, end: usize) -> Result<usize, DecodeError> {
        if length <= end - self.position {
            Ok(self.position + length)
        } else {
            Err(DecodeError::Malformed("a field that is longer than its message"))
        }
    }

    fn varint(&mut self, end: usize) -> Result<u64, DecodeError> {
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            if self.position == end {
                return Err(DecodeError::Malformed("an end inside a number"));
            }
            let byte = self.wire[self.position];
            self.position += 1;
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(DecodeError::Malformed("a number of more than 64 bits"))
    }
}

impl Schema {
    fn published() -> Self {
        let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap_or_default();
        let mut descriptors = Vec::new();
        for file in &set.file {
            collect(&file.message_type, file.package(), &mut descriptors);
        }
        let by_name: HashMap<_, _> =
            descriptors.iter().enumerate().map(|(index, (name, _))| (name.clone(), index)).collect();
        let messages = descriptors.iter().map(|(name, message)| Shape::of(name, message, &by_name)).collect();
        Self { by_name, messages }
    }
}

impl Shape {
    fn of(name: &str, message: &DescriptorProto, by_name: &HashMap<String, usize>) -> Self {
        let mut children = Vec::new();
        for field in message.field.iter().filter(|field| !OPAQUE_FIELDS.contains(&(name, field.name()))) {
            let child = by_name.get(field.type_name().trim_start_matches('.'));
            if let (Some(&child), Ok(number)) = (child, u32::try_from(field.number())) {
                children.push((number, child));
            }
        }
        children.sort_unstable();
        Self { counted: COUNTED.contains(&name), children }
    }
}

fn collect<'a>(messages: &'a [DescriptorProto], scope: &str, into: &mut Vec<(String, &'a DescriptorProto)>) {
    for message in messages {
        let name = format!("{scope}.{}", message.name());
        collect(&message.nested_type, &name, into);
        into.push((name, message));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    /// What can be reached from `start` by way of messages that do not count.
    fn reach(start: usize) -> Vec<bool> {
        let mut seen = vec![false; SCHEMA.messages.len()];
        let mut next = vec![start];
        while let Some(message) = next.pop() {
            for &(_, child) in &SCHEMA.messages[message].children {
                let new = !std::mem::replace(&mut seen[child], true);
                next.extend((new && !SCHEMA.messages[child].counted).then_some(child));
            }
        }
        seen
    }

    /// A cycle that is not counted would have a depth that nobody limits.
    #[test]
    fn every_cycle_of_the_schema_is_counted() {
        for (start, shape) in SCHEMA.messages.iter().enumerate() {
            assert!(shape.counted || !reach(start)[start], "message {start} holds itself");
        }
    }

    #[test]
    fn counted_messages_and_opaque_fields_exist() {
        for name in COUNTED {
            assert!(SCHEMA.messages[SCHEMA.by_name[name]].counted);
        }
        for (message, _) in OPAQUE_FIELDS {
            assert!(SCHEMA.by_name.contains_key(*message));
        }
    }

    #[test]
    fn plans_inside_requests_are_not_entered() {
        let request = [0x1a, 2, 0xff, 0xff];
        assert_eq!(check("spark.connect.ExecutePlanRequest", &request, 1).unwrap(), 1);
        assert!(check("spark.connect.WithRelations", &[0x0a, 2, 0xff, 0xff], 1).is_err());
    }
}
