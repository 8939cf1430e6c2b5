import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hashPassphrase, verifyPassphrase } from "../../src/accounts/passphrase.ts";
import { validationTexts as texts } from "../../src/api/validation-texts.ts";
import { adminId, base64, createTestApp, testPassphrase, type TestApp } from "../support/test-app.ts";

test("Argon2id with the documented cost, and a new salt each time", async () => {
  const hashes = [await hashPassphrase("a passphrase"), await hashPassphrase("a passphrase")];
  for (const hash of hashes) {
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(await verifyPassphrase("a passphrase", hash)).toBe(true);
    expect(await verifyPassphrase("a passphrasf", hash)).toBe(false);
  }
  expect(hashes[0]).not.toBe(hashes[1]);
  expect(await verifyPassphrase("a passphrase", undefined)).toBe(false);
});

describe("over the wire", () => {
  let app: TestApp;
  // Many logins fail here.
  beforeAll(async () => {
    app = await createTestApp();
  });
  afterAll(() => app.close());

  const login = (body: object) => app.request("POST", "/token", { token: null, body });
  const create = (body: object) => app.request("POST", "/user", { body: { name: "some name", ...body } });
  let users = 0;
  const newId = () => `user_${++users}`;

  const pattern = texts.pattern(
    "passphrase",
    /^^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$$/.source,
  );
  const notUtf8 = "Given item 'passphrase' is not the base64 of an UTF-8 text.";
  const notText = "Given item 'password' is not a text: it holds half of a character.";
  const bytes = (...values: number[]) => Buffer.from(values).toString("base64");
  const type = (key: string) => texts.type(key, "string");

  test.each<[string, object, string]>([
    ["bytes that begin no character", { passphrase: bytes(0xff, 0xfe, 0x61, 0x62, 0x63, 0x64) }, notUtf8],
    ["Latin-1", { passphrase: Buffer.from("größer als", "latin1").toString("base64") }, notUtf8],
    ["UTF-16", { passphrase: Buffer.from("\uFEFFpaßwörter", "utf16le").toString("base64") }, notUtf8],
    ["a character that is cut off", { passphrase: bytes(0x61, 0x62, 0x63, 0x64, 0x65, 0xe2, 0x82) }, notUtf8],
    ["an overlong form", { passphrase: bytes(0x61, 0x62, 0x63, 0x64, 0x65, 0xc0, 0x80) }, notUtf8],
    ["half of a surrogate pair as bytes", { passphrase: bytes(0x61, 0x62, 0x63, 0x64, 0xed, 0xa0, 0x80) }, notUtf8],
    ["beyond Unicode", { passphrase: bytes(0x61, 0x62, 0x63, 0x64, 0xf4, 0x90, 0x80, 0x80) }, notUtf8],
    ["a file", { passphrase: randomBytes(3000).toString("base64") }, notUtf8],
    ["no base64", { passphrase: "not base64!" }, pattern],
    ["base64 for URLs", { passphrase: "-_-_-_-_" }, pattern],
    ["base64 without its padding", { passphrase: "YWJjZGVmZw" }, pattern],
    ["base64 in lines", { passphrase: `${base64("x".repeat(57))}\n${base64("x".repeat(57))}` }, pattern],
    ["base64 with a newline, as Python's encodebytes makes it", { passphrase: `${base64(testPassphrase)}\n` }, pattern],
    ["base64 with a blank", { passphrase: ` ${base64(testPassphrase)}` }, pattern],
    ["nothing", { passphrase: "" }, texts.shorter("passphrase", 8)],
    ["too little", { passphrase: base64("abc") }, texts.shorter("passphrase", 8)],
    ["too much", { passphrase: base64("x".repeat(3075)) }, texts.longer("passphrase", 4096)],
    ["far too much", { passphrase: "A".repeat(1_000_000) }, texts.longer("passphrase", 4096)],
    ["a number", { passphrase: 12_345_678 }, type("passphrase")],
    ["null", { passphrase: null }, type("passphrase")],
    ["an array", { passphrase: [base64(testPassphrase)] }, type("passphrase")],
    ["a plain one that is empty", { password: "" }, texts.shorter("password", 8)],
    ["a plain one that is short", { password: "1234567" }, texts.shorter("password", 8)],
    ["a plain one of four characters that take two units each", { password: "😀😀😀😀" }, texts.shorter("password", 8)],
    ["a plain one that is long", { password: "x".repeat(4097) }, texts.longer("password", 4096)],
    ["a plain one with the first half of a pair", { password: "12345678\ud83d" }, notText],
    ["a plain one with the second half of a pair", { password: "\ude0012345678" }, notText],
    ["a plain one that is a number", { password: 12_345_678 }, type("password")],
    ["a plain one that is null", { password: null }, type("password")],
    ["none", {}, texts.required("passphrase")],
    [
      "both",
      { passphrase: base64(testPassphrase), password: testPassphrase },
      "Validation failed, because only one of 'passphrase' and 'password' can be set.",
    ],
  ])("%s is refused at login and for a new user", async (_title, given, text) => {
    const id = newId();
    for (const answer of [
      await login({ id: adminId, ...given }),
      await login({ id, ...given }),
      await create({ id, ...given }),
    ]) {
      expect([answer.status, answer.text]).toEqual([400, text]);
    }
    expect((await app.request("GET", "/user", { query: { id } })).status).toBe(404);
  });

  test.each([
    ["letters", "asdfasdf"],
    ["blanks around", "  asdfasdf \n"],
    ["NUL in the middle", "asdf\u0000asdf"],
    ["a byte-order mark", "\ufeffasdfasdf"],
    ["umlauts in one character each", "größer als zwölf"],
    ["umlauts in two characters each", "größer als zwölf".normalize("NFD")],
    ["characters beyond 16 bits", "😀😀😀😀😀😀😀😀"],
    ["as long as base64 may be", "x".repeat(3072)],
    ["base64 itself", "YXNkZmFzZGY="],
    ["digits", "1234567890"],
    ["the name of a property", "__proto__"],
  ])("with %s a user is created and logs in, plain or in base64, and with no other text", async (_title, text) => {
    for (const given of [{ passphrase: base64(text) }, { password: text }]) {
      const id = newId();
      expect((await create({ id, ...given })).status).toBe(200);
      const rights = { id, project_id: "some_project", role: "member" };
      expect((await app.request("POST", "/user/project", { body: rights })).status).toBe(200);
      for (const key of [{ passphrase: base64(text) }, { password: text }]) {
        expect((await login({ id, ...key })).json()).toMatchObject({ id, token: expect.any(String) });
      }
      for (const other of [
        text.trim(),
        text.normalize("NFC"),
        text.normalize("NFD"),
        text.replace("\u0000", ""),
        `${text}x`,
      ]) {
        if (other === text || other.length > 4096) continue;
        const refused = await login({ id, password: other.padEnd(8) });
        expect([other, refused.status]).toEqual([other, 401]);
      }
    }
  });

  test("the clients of September 2024 log in, also with their password in the query", async () => {
    expect((await login({ id: adminId, password: testPassphrase })).json()).toMatchObject({ id: adminId });
    const id = newId();
    expect((await create({ id, password: "12345678", is_admin: true })).json()).toMatchObject({ id, is_admin: true });
    const query = { id, password: "12345678" };
    expect((await app.request("POST", "/token", { token: null, body: {}, query })).json()).toMatchObject({ id });
  });

  test("the OpenAPI document says that one of the two is needed", async () => {
    interface Document {
      paths: Record<string, { post: { requestBody: { content: { "application/json": { schema: object } } } } }>;
    }
    const { paths } = (await app.request("GET", "/openapi.json")).json<Document & Record<string, unknown>>();
    for (const path of ["/token", "/user"]) {
      expect(paths[path]?.post.requestBody.content["application/json"].schema).toMatchObject({
        oneOf: [{ required: ["passphrase"] }, { required: ["password"] }],
        properties: { password: { type: "string", minLength: 8, maxLength: 4096 } },
      });
    }
  });
});
