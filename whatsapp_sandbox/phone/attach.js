/** Files that the patient picks, as the control API takes them. */

const LARGEST = 5_000_000;
const IMAGES = ["image/jpeg", "image/png", "image/gif"];

function kindOf(type) {
  if (type === "image/webp") {
    return "sticker";
  }
  const kind = type.split("/")[0];
  if (IMAGES.includes(type) || kind === "audio" || kind === "video") {
    return kind;
  }
  return "document";
}

function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result.split(",")[1]));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(file);
  });
}

/**
 * What is to be sent for a file from a file picker.
 * @param {File} file
 */
export async function attachment(file) {
  if (file.size > LARGEST) {
    throw new Error("The sandbox takes files of up to 5 MB");
  }
  const kind = kindOf(file.type);
  const body = {
    kind,
    mime_type: file.type || "application/octet-stream",
    content: await base64(file),
  };
  if (kind === "document") {
    body.filename = file.name;
  }
  return body;
}
