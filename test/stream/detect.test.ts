import { gzipSync } from "node:zlib";
import * as assert from "uvu/assert";
import { type Compression, describeContent, detectCompression } from "../../src/stream/detect.js";
import { suite } from "../support/suite.js";

const test = suite("stream/detect");
const hex = (text: string) => Buffer.from(text.replace(/ /g, ""), "hex");
const at = (offset: number, text: string) => Buffer.concat([Buffer.alloc(offset), Buffer.from(text, "latin1")]);

const COMPRESSIONS: readonly (readonly [string, Uint8Array, Compression])[] = [
  ["gzip", gzipSync("x"), "gzip"],
  ["a zstd frame", hex("28b52ffd 04 00"), "zstd"],
  ["the first skippable zstd frame", hex("502a4d18 00000000"), "zstd"],
  ["the last skippable zstd frame", hex("5f2a4d18 00000000"), "zstd"],
  ["one above the skippable frames", hex("602a4d18 00000000"), "none"],
  ["xz", hex("fd377a585a00 0004"), "xz"],
  ["bzip2", hex("425a6839 314159265359"), "bzip2"],
  ["an empty bzip2 stream", hex("425a6831 177245385090 00000000"), "bzip2"],
  ["bzip2 of a level that is none", hex("425a6830 314159265359"), "none"],
  ["text that starts like bzip2", Buffer.from("BZh9 is a magic number"), "none"],
  ["half a magic number", hex("28b52f"), "none"],
  ["one byte", hex("1f"), "none"],
  ["nothing", hex(""), "none"],
];
for (const [title, head, expected] of COMPRESSIONS) {
  test(`detectCompression() of ${title}`, () => assert.is(detectCompression(head), expected));
}

const DESCRIPTIONS: readonly (readonly [Uint8Array, string])[] = [
  [hex(""), "an empty file"],
  [gzipSync("x"), "a gzip stream"],
  [hex("fd377a585a00"), "an xz stream"],
  [at(257, "ustar\x0000"), "a tar archive"],
  [at(257, "ustar  \x00"), "a tar archive"],
  [Buffer.from("!<arch>\ndebian-binary   "), "a Debian package"],
  [Buffer.from("!<arch>\nmain.o/   "), "an ar archive"],
  [Buffer.from("PK\x03\x04rest", "latin1"), "a zip archive"],
  [hex("377abcaf271c"), "a 7z archive"],
  [hex("edabeedb 0300"), "an RPM package"],
  [Buffer.from("\x7fELF\x02\x01", "latin1"), "an ELF executable"],
  [Buffer.from("%PDF-1.7\n"), "a PDF document"],
  [at(32, "SIF_MAGIC\x00"), "a Singularity image"],
  [Buffer.from("#!/bin/sh\n"), "a script"],
  [Buffer.from("<!DOCTYPE html>\n<html>"), "an HTML page"],
  [Buffer.from("\ufeff\n  <html lang=en>"), "an HTML page"],
  [Buffer.from("<?xml version='1.0'?>"), "an XML document"],
  [Buffer.from('{"name": "ruby"}'), "a JSON document"],
  [Buffer.from("[1, 2]"), "a JSON document"],
  [Buffer.from("[section]\nkey=1"), "text"],
  [Buffer.from("Grüße, nur Text\n"), "text"],
  [Buffer.from("é".repeat(300)).subarray(0, 511), "text"],
  [Buffer.from(" \n\t"), "blank text"],
  [Buffer.alloc(512), "nothing but zeros"],
  [hex("00010203 fffefdfc"), "binary data"],
];
for (const [head, expected] of DESCRIPTIONS) {
  const shown = Buffer.from(head.subarray(0, 12)).toString("hex");
  test(`describeContent() says ${expected}: ${shown}`, () => assert.is(describeContent(head), expected));
}

test.run();
