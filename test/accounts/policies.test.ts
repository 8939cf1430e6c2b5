import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isAllowed, loadPolicies, parsePolicies } from "../../src/accounts/policies.ts";
import { routes } from "../../src/api/routes.ts";
import { versionPrefix } from "../../src/api/handle-request.ts";
import { paths } from "../../src/files/paths.ts";

describe("policy files", () => {
  test("endpoints, methods and roles; blanks and line breaks do not matter", () => {
    const policies = parsePolicies(
      "v1.0alpha/cluster\n- POST: admin, member\n-GET :admin ,\n member\nv1.0alpha/user/all - GET: admin\r\n\tother-one.x - DELETE:a-b_c",
    );
    expect(isAllowed(policies, "v1.0alpha/cluster", "POST", "member")).toBe(true);
    expect(isAllowed(policies, "v1.0alpha/cluster", "GET", "member")).toBe(true);
    expect(isAllowed(policies, "v1.0alpha/cluster", "DELETE", "member")).toBe(false);
    expect(isAllowed(policies, "v1.0alpha/user/all", "GET", "member")).toBe(false);
    expect(isAllowed(policies, "other-one.x", "DELETE", "a-b_c")).toBe(true);
    expect(isAllowed(policies, "nowhere", "GET", "admin")).toBe(false);
    expect(isAllowed(policies, "v1.0alpha/cluster", "PATCH", "admin")).toBe(false);
  });

  test("the first definition of an endpoint wins", () => {
    const policies = parsePolicies("one - GET: admin\none - GET: member - POST: member");
    expect(isAllowed(policies, "one", "GET", "admin")).toBe(true);
    expect(isAllowed(policies, "one", "GET", "member")).toBe(false);
    expect(isAllowed(policies, "one", "POST", "member")).toBe(false);
  });

  test("an empty file allows nothing", () => {
    expect(parsePolicies(" \n").size).toBe(0);
  });

  test.each([
    ["endpoint", "the file ends where '-' should be"],
    ["endpoint\nGET: admin", "line 2: expected '-', but found 'GET'"],
    ["endpoint\n- PATCH: admin", "line 2: expected GET, POST, PUT or DELETE, but found 'PATCH'"],
    ["endpoint\n- GET admin", "line 2: expected ':', but found 'admin'"],
    ["endpoint\n- GET:", "the file ends where a role should be"],
    ["endpoint\n- GET: admin,\n- PUT: admin", "line 3: expected a role, but found '-'"],
    ["- GET: admin", "line 1: expected an endpoint, but found '-'"],
    ["endpoint\n- GET: admin # comment", "line 2, column 14: unexpected '#'"],
  ])("%j is refused with its line", (source, message) => {
    expect(() => parsePolicies(source)).toThrow(message);
  });

  test("problems name the file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "hanami-policies-"));
    try {
      const file = join(folder, "policies");
      await expect(loadPolicies(file)).rejects.toThrow(`The policy file ${file} cannot be read`);
      await writeFile(file, "one\n- GET: ?");
      await expect(loadPolicies(file)).rejects.toThrow(`The policy file ${file} is not valid: line 2, column 8`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("the default policies", () => {
  test("let an administrator reach every endpoint that needs a token", async () => {
    const policies = await loadPolicies(paths.defaultPolicies);
    for (const { method, path, public: isPublic } of routes) {
      if (isPublic) continue;
      expect([path, isAllowed(policies, `${versionPrefix}${path}`, method, "admin")]).toEqual([path, true]);
    }
  });

  test("keep members away from users, projects and errors", async () => {
    const policies = await loadPolicies(paths.defaultPolicies);
    for (const endpoint of ["user", "user/all", "project", "project/all", "error_log"]) {
      for (const method of ["GET", "POST", "PUT", "DELETE"]) {
        expect(isAllowed(policies, `${versionPrefix}/${endpoint}`, method, "member")).toBe(false);
      }
    }
    expect(isAllowed(policies, `${versionPrefix}/cluster`, "DELETE", "member")).toBe(true);
    expect(isAllowed(policies, `${versionPrefix}/user/project`, "PUT", "member")).toBe(false);
  });
});
