// What graphql-eslint recommends for schemas, and Relay's rules. Where a rule is not taken as it comes, it says why.
import graphql from "@graphql-eslint/eslint-plugin";

const configs = graphql.configs;

export default [
  {
    files: ["schema.graphql"],
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: "./schema.graphql" } } },
    plugins: { "@graphql-eslint": graphql },
    rules: {
      ...configs["flat/schema-recommended"].rules,
      ...configs["flat/schema-relay"].rules,
      // More than recommended: every field, argument, input field and enum value is described too. Only the
      // arguments of the directives that GraphQL itself defines have no text.
      "@graphql-eslint/require-description": [
        "error",
        {
          types: true,
          rootField: true,
          FieldDefinition: true,
          InputValueDefinition: true,
          EnumValueDefinition: true,
          DirectiveDefinition: true,
          ignoredSelectors: ["[type=InputValueDefinition][parent.kind=DirectiveDefinition]"],
        },
      ],
      // What has no life of its own has no id: values, and what only carries objects.
      "@graphql-eslint/strict-id-in-types": [
        "error",
        {
          exceptions: {
            suffixes: ["Connection", "Edge", "Payload", "Error", "Verdict"],
            types: [
              "Allocation",
              "AuditVerification",
              "BackgroundTask",
              "CheckResult",
              "Database",
              "DatabaseTable",
              "Eligibility",
              "ExclusionCost",
              "JobRefusal",
              "Limits",
              "PageInfo",
              "PartnerFailure",
              "PatternPreview",
              "PluginBinding",
              "PluginBuild",
              "PluginCalls",
              "PluginHttpExchange",
              "PluginIssued",
              "PluginLimits",
              "PluginLogLine",
              "PluginTestResult",
              "PluginUsage",
              "PoolCodes",
              "PoolPartner",
              "PoolStats",
              "PurchaseReturn",
              "Restrictions",
              "ResyncRequired",
              "ReturnedCoupon",
              "ReturnedLine",
              "Settings",
              "SkippedCode",
              "Stacking",
            ],
          },
        },
      ],
      // Lists of values are lists; lists of objects are connections.
      "@graphql-eslint/relay-edge-types": [
        "error",
        // A row that a job refused is no node: it has no id of its own.
        { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false },
      ],
      // Events and ledgers are read in the order in which they were written.
      "@graphql-eslint/relay-arguments": ["error", { includeBoth: false }],
    },
  },
];
