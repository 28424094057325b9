/** What `init` writes. Every line that is commented out is valid when its `#` is removed; a test does that. */

export function configTemplate(tenant: string): string {
  return `# Sallyport configuration. Check it with: sallyport check
# Every key, its default and its meaning: docs/reference/config.md
# Secrets are never written here, only named: { secret: env:NAME } or { secret: "file:/run/secrets/name" }

gateway:
  listen: 127.0.0.1:8700
  # The URL that clients use; needed when listen is not loopback.
  # publicUrl: https://mcp.example.com
  # tls: { cert: ./tls/cert.pem, key: ./tls/key.pem }

admin:
  listen: 127.0.0.1:8701

# Keys, pins, the audit log and the sealing key live here.
data: ./data

tenants: [${JSON.stringify(tenant)}]

identity:
  # Keys made with: sallyport keys create --tenant ${tenant} --name my-laptop
  apiKeys: true
  # Access tokens of your identity provider:
  # issuers:
  #   - issuer: https://login.example.com
  #     audience: https://mcp.example.com/mcp
  #     claims: { tenant: tenant_id, roles: roles }
  #     # The tenants that it may name; "tenant: ${tenant}" when its tokens name none.
  #     tenants: [${JSON.stringify(tenant)}]

servers: {}
# servers:
#   search:
#     url: https://search.example.com/mcp
#     headers: { Authorization: { secret: env:SEARCH_TOKEN, prefix: "Bearer " } }
#   files:
#     command: [npx, -y, "@modelcontextprotocol/server-filesystem@2026.8.31", ./docs]
#     tools: { allow: [read_file, list_directory] }

pins:
  # approval: a new or changed definition is served after: sallyport pins approve
  mode: approval

# Without a policy that permits it, every call is refused.
policies: { cedar: ./policies }

limits:
  default: 100/min per user per tool
  # premium: [1000/min per user per tool, 10000/h per tenant]

# Calls that a person must approve:
# approvals:
#   rules: [{ server: "*", tool: delete_customer }]

# Arguments that are recorded in clear; all others are hashed with a key.
# audit:
#   clearArguments: ["*/read_file/path"]
`;
}

/** The first policy file, with two examples that are commented out. */
export function policyTemplate(tenant: string): string {
  return `// Who may do what. Everything that no policy permits is refused; a forbid always wins.
// Check with: sallyport check

// Example: analysts may call those tools of one server that say that they only read.
//
// permit (
//   principal in Role::"analyst",
//   action == Action::"call",
//   resource in Server::"search"
// ) when {
//   principal.tenant == ${JSON.stringify(tenant)} &&
//   resource.annotations has readOnlyHint && resource.annotations.readOnlyHint
// };

// Example: nobody deletes more than ten things at once.
//
// forbid (principal, action == Action::"call", resource == Tool::"crm/delete_customers")
// when { context.args has count && context.args.count > 10 };
`;
}
