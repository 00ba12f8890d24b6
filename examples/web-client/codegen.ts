// Types of the documents, from the schema that the gateway prints: `src/gql`, made anew by every build.
import type { CodegenConfig } from "@graphql-codegen/cli";

const config: CodegenConfig = {
  schema: "../../schema.graphql",
  documents: ["src/*.graphql", "headless/*.graphql"],
  generates: {
    "src/gql/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        enumsAsTypes: true,
        useTypeImports: true,
        strictScalars: true, // a scalar that is new in the schema is to be decided on here
        scalars: {
          BigInt: "string",
          CurrencyCode: "string",
          Cursor: "string",
          DateTime: "string",
          Decimal: "string", // exact: to be shown and sent back, not to be computed with as a float
          JSON: "unknown",
          Period: "string",
        },
      },
    },
    // For the cache, which has to know what a union is of.
    "src/gql/schema.ts": { plugins: ["urql-introspection"], config: { useTypeImports: true } },
  },
};
export default config;
