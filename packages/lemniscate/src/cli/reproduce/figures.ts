/** @module All figures that can be made again, a file each. */
import type { Figure } from "./figure.js";
import { correlations } from "./shaped/correlations.js";
import { densities } from "./shaped/densities.js";
import { distances } from "./shaped/distances.js";
import { explosion } from "./shaped/explosion.js";
import { limit } from "./shaped/limit.js";
import { paths } from "./shaped/paths.js";
import { stopping } from "./shaped/stopping.js";
import { strength } from "./shaped/strength.js";
import { training } from "./shaped/training.js";

export const figures: readonly Figure[] = [
  limit,
  correlations,
  densities,
  paths,
  stopping,
  distances,
  explosion,
  strength,
  training,
];
