/**
 * The JSON text of an answer. A double with an integral value is kept apart from an integer while
 * rows are made, as `{ "$double": "3" }`, and becomes the number `3.0` here: any client reads the
 * number 3, and the text still says that it was a double.
 *
 * The replacement on text is exact: inside a JSON string the quotes of such a sequence would be
 * escaped, a user's own map of that form stands behind `"$map":`, and a record's attributes, which
 * are a map but no value, behind their own name. Whoever names an attribute `attributes` gets the
 * object form, which says the same.
 */
export function jsonText(answer: unknown): string {
  const text = JSON.stringify(answer);
  return text.includes('"$double"') ? text.replaceAll(INTEGRAL_DOUBLE, asNumber) : text;
}

const INTEGRAL_DOUBLE =
  /(?<!"(?:\$map|attributes|metadata)":)\{"\$double":"(-?\d+(?:\.\d+)?)(e[+-]?\d+)?"\}/g;

function asNumber(_: string, digits: string, exponent: string | undefined): string {
  return exponent === undefined ? `${digits}.0` : digits + exponent;
}
