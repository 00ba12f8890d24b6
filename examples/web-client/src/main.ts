// Where the page begins.
import { open } from "./page";

open(document);
