// The camera: frames as JPEG, one after the other, as fast as they are answered.

const WIDTH = 640; // of a frame that is sent, in pixels

const REASONS = {
  NotAllowedError: "The browser may not use the camera: allow it for this page.",
  NotFoundError: "No camera was found.",
  NotReadableError: "The camera cannot be used: another program may have it.",
};

export class Camera {
  constructor(video) {
    this.video = video;
    this.canvas = document.createElement("canvas");
    this.stream = null;
  }

  get on() {
    return this.stream !== null;
  }

  // `lost` is called where the camera ends by itself, such as when it is unplugged.
  async start(lost) {
    if (!navigator.mediaDevices)
      throw new Error("Browsers give the camera to pages of this machine (127.0.0.1) or over https only.");
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({
        video: { width: { ideal: WIDTH }, facingMode: "user" },
      });
    } catch (error) {
      throw new Error(REASONS[error.name] ?? `The camera cannot be used (${error.message}).`);
    }
    this.stream.getVideoTracks()[0].addEventListener("ended", lost);
    this.video.srcObject = this.stream;
    await this.video.play();
  }

  stop() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
  }

  frame() {
    const { videoWidth: width, videoHeight: height } = this.video;
    const scale = Math.min(1, WIDTH / width);
    this.canvas.width = Math.round(width * scale);
    this.canvas.height = Math.round(height * scale);
    this.canvas.getContext("2d").drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    return new Promise((done) => this.canvas.toBlob(done, "image/jpeg", 0.9));
  }
}
