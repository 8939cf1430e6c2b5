import type { Route } from "../route.ts";
import { getPowerConsumption } from "./get-power-consumption.ts";
import { getSpeed } from "./get-speed.ts";
import { getTemperatureProduction } from "./get-temperature-production.ts";

export const routes: Route[] = [getPowerConsumption, getTemperatureProduction, getSpeed];
